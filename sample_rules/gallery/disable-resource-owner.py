"""No logins by the legacy resource-owner endpoint

The password grant at the token endpoint has a protocol of its own, `oauth2-password`: add it to forbid that too.
"""

PROTOCOLS = ["oauth2-resource-owner"]


def rule(user, context):
    if context.get("protocol") in PROTOCOLS:
        raise UnauthorizedError("The resource owner endpoint cannot be used.")
