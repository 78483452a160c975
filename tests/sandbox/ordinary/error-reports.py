# Notes what went wrong in the trace, with the error's class, and goes on with a default.


def load_level(user):
    return int(user["app_metadata"]["level"]) // len(user["permissions"])


def rule(user, context):
    try:
        level = load_level(user)
    except Exception as e:
        print(f"[level] {e.__class__.__name__}: {e}")
        level = 0
    context["idToken"]["https://example.com/level"] = level

# claims {"https://example.com/level": 3}
#
# user {"app_metadata": {"level": "x"}}
# claims {"https://example.com/level": 0}
# logs ["[level] ValueError: invalid literal for int() with base 10: 'x'"]
#
# user {"permissions": []}
# claims {"https://example.com/level": 0}
# logs ["[level] ZeroDivisionError: integer division or modulo by zero"]
#
# user {"app_metadata": {}}
# claims {"https://example.com/level": 0}
# logs ["[level] KeyError: 'level'"]
