# The tenant is looked up by the domain of the e-mail address, with sub-domains of known ones included.

TENANTS = {"example.com": "acme", "example.org": "globex"}


def tenant_of(address: str) -> str | None:
    domain = address.rsplit("@", 1)[-1].lower().rstrip(".")
    while domain:
        if domain in TENANTS:
            return TENANTS[domain]
        _, _, domain = domain.partition(".")
    return None


def rule(user, context):
    tenant = tenant_of(user.get("email", ""))
    if tenant is None:
        raise UnauthorizedError(f"No tenant for {user.get('email')!r}")
    context.idToken["https://example.com/tenant"] = tenant

# claims {"https://example.com/tenant": "acme"}
#
# user {"email": "Bob@Berlin.EU.Example.Org"}
# claims {"https://example.com/tenant": "globex"}
#
# user {"email": "eve@elsewhere.test"}
# denied "No tenant for 'eve@elsewhere.test'"
