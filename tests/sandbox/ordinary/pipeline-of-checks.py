# Checks as a list of functions; the first complaint denies.


def verified(user, context):
    if not user.get("email_verified"):
        return "address not verified"


def not_blocked(user, context):
    return "account blocked" if user.get("blocked") else None


def enough_logins(minimum):
    def check(user, context):
        count = context["stats"]["loginsCount"]
        return None if count >= minimum else f"only {count} logins"

    return check


CHECKS = [verified, not_blocked, enough_logins(3)]


def rule(user, context):
    problem = next((text for check in CHECKS if (text := check(user, context))), None)
    if problem is not None:
        raise UnauthorizedError(problem)
    context["idToken"]["https://example.com/checks"] = len(CHECKS)

# user {"email_verified": true}
# claims {"https://example.com/checks": 3}
#
# user {"email_verified": true, "blocked": true}
# denied "account blocked"
#
# user {"email_verified": true}
# context {"stats": {"loginsCount": 1}}
# denied "only 1 logins"
#
# denied "address not verified"
