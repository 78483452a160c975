# `while`, `for`, `break`, `continue` and their `else`.


def rule(user, context):
    found = None
    for role in user["app_metadata"]["roles"]:
        if role == "staff":
            found = role
            break
    else:
        found = "none"
    attempts, n = 0, 27
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        attempts += 1
        if attempts > 500:
            break
    else:
        attempts = -attempts
    odd = []
    for i in range(10):
        if not i % 2:
            continue
        odd.append(i)
    for context.idToken["last"] in reversed(odd):
        pass
    while True:
        if odd.pop() < 4:
            break
    context.idToken.update(found=found, attempts=attempts, odd=odd, steps=list(range(10, 0, -3)))

# claims {"last": 1, "found": "staff", "attempts": -111, "odd": [1], "steps": [10, 7, 4, 1]}
#
# user {"app_metadata": {"roles": []}}
# claims {"last": 1, "found": "none", "attempts": -111, "odd": [1], "steps": [10, 7, 4, 1]}
