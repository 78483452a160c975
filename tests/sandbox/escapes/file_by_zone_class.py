# raises: AttributeError
def rule(user, context):
    import zoneinfo
    zoneinfo.ZoneInfo.from_file
