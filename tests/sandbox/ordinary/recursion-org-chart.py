# Follows managers up to the top, with a limit for charts that run in circles.

MANAGERS = {"ada": "bob", "bob": "cleo", "cleo": None, "dan": "eve", "eve": "dan"}


def chain(name, depth=0):
    if name is None or depth > 5:
        return []
    return [name] + chain(MANAGERS.get(name), depth + 1)


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def rule(user, context):
    name = user["email"].split("@")[0]
    context["idToken"]["https://example.com/managers"] = chain(name)[1:]
    context["idToken"]["https://example.com/code"] = fibonacci(12)

# claims {"https://example.com/managers": ["bob", "cleo"], "https://example.com/code": 144}
#
# user {"email": "dan@example.com"}
# claims {"https://example.com/managers": ["eve", "dan", "eve", "dan", "eve"], "https://example.com/code": 144}
