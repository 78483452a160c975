# raises: AttributeError
# n8n CVE-2026-49444: the name of the attribute put together at run time.
def rule(user, context):
    name = ''.join(chr(n) for n in (95, 95, 99, 108, 97, 115, 115, 95, 95))
    context.idToken.loot = str(getattr(user, name))
