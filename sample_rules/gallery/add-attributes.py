"""A claim for those who come by one connection

Name the connection in `CONNECTION`.
"""

CONNECTION = "company.com"


def rule(user, context):
    if context.get("connection") == CONNECTION:
        context.idToken["https://example.com/vip"] = True
