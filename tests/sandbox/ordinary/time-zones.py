# Business hours in the office of the user, wherever that is.

from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OPEN, CLOSE = time(8, 30), time(18)


def zone_of(user):
    name = (user.get("user_metadata") or {}).get("zoneinfo", "UTC")
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return ZoneInfo("UTC")


def rule(user, context):
    now = datetime.now(tz=zone_of(user))
    context.idToken["https://example.com/local_time"] = now.isoformat(timespec="seconds")
    context.idToken["https://example.com/open"] = OPEN <= now.time() < CLOSE and now.weekday() < 5
    context.idToken["https://example.com/zone"] = [now.tzname(), str(now.tzinfo), now.utcoffset().total_seconds()]

# claims {"https://example.com/local_time": "2027-01-15T08:00:00+00:00", "https://example.com/open": false,
#  "https://example.com/zone": ["UTC", "UTC", 0.0]}
#
# user {"user_metadata": {"zoneinfo": "Europe/Berlin"}}
# claims {"https://example.com/local_time": "2027-01-15T09:00:00+01:00", "https://example.com/open": true,
#  "https://example.com/zone": ["CET", "Europe/Berlin", 3600.0]}
#
# user {"user_metadata": {"zoneinfo": "America/New_York"}}
# claims {"https://example.com/local_time": "2027-01-15T03:00:00-05:00", "https://example.com/open": false,
#  "https://example.com/zone": ["EST", "America/New_York", -18000.0]}
#
# user {"user_metadata": {"zoneinfo": "Mars/Base"}}
# claims {"https://example.com/local_time": "2027-01-15T08:00:00+00:00", "https://example.com/open": false,
#  "https://example.com/zone": ["UTC", "UTC", 0.0]}
