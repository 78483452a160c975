# raises: TypeError
def rule(user, context):
    import zoneinfo
    type(zoneinfo.ZoneInfo('UTC')).no_cache('CANARY_FILE')
