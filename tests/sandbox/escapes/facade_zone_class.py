# raises: TypeError
def rule(user, context):
    import zoneinfo
    type(zoneinfo.ZoneInfo('UTC'))('Europe/Berlin')
