"""Nobody logs in: for the day it is needed

Stays disabled, and last, so that one switch closes every application. People in `EXEMPT` still get in.
"""

EXEMPT = {"demo|operator"}


def rule(user, context):
    if user.get("user_id") not in EXEMPT:
        raise UnauthorizedError("we are working on the system; please try again in an hour")
