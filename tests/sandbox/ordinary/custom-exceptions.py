# Exceptions of one's own carry a code, and end in one place.


class RuleError(Exception):
    """Anything that is wrong with the login."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Suspended(RuleError):
    def __init__(self, until):
        super().__init__("suspended", f"suspended until {until}")
        self.until = until


def check(user):
    metadata = user.get("app_metadata") or {}
    if "suspended_until" in metadata:
        raise Suspended(metadata["suspended_until"])
    if not metadata.get("roles"):
        raise RuleError("no_roles", "no roles")


def rule(user, context):
    try:
        check(user)
    except Suspended:
        raise UnauthorizedError("Your account is suspended")
    except RuleError as error:
        context.idToken["https://example.com/problem"] = {"code": error.code, "text": str(error)}
    else:
        context.idToken["https://example.com/problem"] = None

# claims {"https://example.com/problem": null}
#
# user {"app_metadata": {"roles": []}}
# claims {"https://example.com/problem": {"code": "no_roles", "text": "no roles"}}
#
# user {"app_metadata": {"suspended_until": "2028"}}
# denied "Your account is suspended"
