"""Some applications for some people

An application that is not in the table is open to everybody. One that is, with an empty list, to nobody.
"""

ALLOWED = {
    "payroll": ["ada@example.com", "grace@example.com"],
    "retired-app": [],
}


def rule(user, context):
    allowed = ALLOWED.get(context.get("clientID"))
    if allowed is None:
        return
    address = (user.get("email") or "").lower()
    if user.get("email_verified") is not True or address not in allowed:
        raise UnauthorizedError("you have no access to this application")
