"""Roles by the domain of a verified email address

An address that is not verified proves nothing, so its owner gets the roles of a guest.
"""

ROLES = {
    "example.com": ["employee"],
    "partner.example.org": ["partner"],
}
GUEST = ["guest"]


def rule(user, context):
    address = user.get("email") or ""
    domain = address.rpartition("@")[2].lower()
    granted = ROLES.get(domain, GUEST) if user.get("email_verified") is True else GUEST
    roles = sorted({*user.get("roles", []), *granted})
    user.roles = roles
    context.idToken["https://example.com/roles"] = roles
