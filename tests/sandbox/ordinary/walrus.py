# The assignment expression in conditions, loops and comprehensions.

import re


def rule(user, context):
    if (domain := user["email"].partition("@")[2]) and (match := re.match(r"(\w+)\.com", domain)):
        context["idToken"]["company"] = match[1]
    if not (roles := user.get("roles")):
        context["idToken"]["roles"] = roles
    remaining = [5, 3, 8]
    picked = []
    while remaining and (value := remaining.pop()) != 5:
        picked.append(value)
    context["idToken"]["picked"] = picked
    context["idToken"]["long"] = [size for word in ["a", "bcd", "efgh"] if (size := len(word)) > 2]

# claims {"company": "example", "roles": null, "picked": [8, 3], "long": [3, 4]}
