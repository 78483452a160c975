"""Only addresses in the domains of the connection

A connection names its domain and aliases of it; one that names none lets everybody in. Aliases without the domain
itself are a mistake in the connection's settings, and nobody gets in. The application sees `access_denied`, as with
Auth0.
"""


def rule(user, context, callback):
    options = context.get("connectionOptions") or {}
    domain, aliases = options.get("tenant_domain"), options.get("domain_aliases") or []
    if not domain and not aliases:
        callback(None, user, context)
        return
    allowed = {name.lower() for name in [domain, *aliases] if name}
    if not domain or domain_of(user.get("email")) not in allowed:
        callback("Access denied")
        return
    callback(None, user, context)


def domain_of(email):
    """What stands behind the last `@`: the part before it may hold others."""
    return (email or "").rpartition("@")[2].lower()
