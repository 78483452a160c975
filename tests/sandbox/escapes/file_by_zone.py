# raises: ZoneInfoNotFoundError
def rule(user, context):
    import zoneinfo
    zoneinfo.ZoneInfo('../../../../CANARY_FILE')
