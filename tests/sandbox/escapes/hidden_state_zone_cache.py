# raises: AttributeError
import zoneinfo
def rule(user, context):
    zoneinfo.ZoneInfo.clear_cache()
