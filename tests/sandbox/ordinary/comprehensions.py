# Every kind of comprehension, as in everyday code.

USERS = [
    {"name": "Ada", "roles": ["admin", "staff"], "age": 36},
    {"name": "Bob", "roles": [], "age": 17},
    {"name": "Cleo", "roles": ["staff"], "age": 52},
]


def rule(user, context):
    adults = [u["name"] for u in USERS if u["age"] >= 18 if u["roles"]]
    by_role = {role: [u["name"] for u in USERS if role in u["roles"]] for role in ("admin", "staff")}
    all_roles = {role for u in USERS for role in u["roles"]}
    pairs = [(a, b) for i, a in enumerate("abc") for b in "abc"[i + 1:]]
    matrix = [[row * column for column in range(1, 4)] for row in range(1, 4)]
    transposed = [list(column) for column in zip(*matrix)]
    flat = [cell for row in matrix for cell in row if cell % 2 == 0]
    labels = ["even" if n % 2 == 0 else "odd" for n in range(3)]
    total = sum(u["age"] for u in USERS)
    context.idToken.update(
        adults=adults, by_role=by_role, all_roles=sorted(all_roles), pairs=pairs, transposed=transposed, flat=flat,
        labels=labels, total=total, inverted={v: k for k, v in {"a": "x", "b": "y"}.items()},
        any=any(u["age"] > 50 for u in USERS), all=all(u["roles"] for u in USERS),
    )

# claims {"adults": ["Ada", "Cleo"], "by_role": {"admin": ["Ada"], "staff": ["Ada", "Cleo"]}, "all_roles": ["admin",
#  "staff"], "pairs": [["a", "b"], ["a", "c"], ["b", "c"]], "transposed": [[1, 2, 3], [2, 4, 6], [3, 6, 9]], "flat":
#  [2, 2, 4, 6, 6], "labels": ["even", "odd", "even"], "total": 105, "inverted": {"x": "a", "y": "b"}, "any": true,
#  "all": false}
