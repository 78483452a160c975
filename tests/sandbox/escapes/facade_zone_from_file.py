# raises: AttributeError
def rule(user, context):
    import zoneinfo
    getattr(zoneinfo.ZoneInfo, 'from_file')
