# raises: TypeError
import zoneinfo
def rule(user, context):
    zoneinfo.ZoneInfo('Europe/Berlin').key = user.email
