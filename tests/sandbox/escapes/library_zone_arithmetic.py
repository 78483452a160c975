# raises: OverflowError
def rule(user, context):
    import datetime, zoneinfo
    datetime.datetime.max.replace(tzinfo=zoneinfo.ZoneInfo('Pacific/Apia')).astimezone(zoneinfo.ZoneInfo('Etc/GMT-14'))
