# Helpers and constants with a leading underscore.

_NAMESPACE = "https://example.com/"
_LEVELS = {"admin": 3, "staff": 2}


def _level(roles):
    return max((_LEVELS.get(role, 0) for role in roles), default=0)


def rule(user, context):
    _roles = user["app_metadata"].get("roles", [])
    for _, _role in enumerate(_roles):
        print("role", _role)
    context.idToken[_NAMESPACE + "level"] = _level(_roles)

# claims {"https://example.com/level": 3}
# logs ["role admin", "role staff"]
#
# user {"app_metadata": {}}
# claims {"https://example.com/level": 0}
