# Prints what happens while it runs, as authors do who look for a mistake.


def rule(user, context):
    print("user:", user["user_id"], user.get("email"))
    print("roles =", user["app_metadata"]["roles"], sep=" ", end="\n", flush=True)
    print()
    print({"a": 1}, [1, (2,)], None, True, 1.5, sep=" | ")
    for key in sorted(context):
        print(f"{key:>12}: {context[key]!r}")
    print("done", end="")
    context["idToken"]["ok"] = True

# claims {"ok": true}
# logs ["user: auth0|1 ada@example.com", "roles = ['admin', 'staff']", "", "{'a': 1} | [1, (2,)] | None | True |
#  1.5", " accessToken: {}", "    clientID: 'client'", "     idToken: {}", "       stats: {'loginsCount': 7}",
#  "done"]
