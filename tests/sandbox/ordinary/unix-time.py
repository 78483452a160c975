# The clock as numbers and texts, for systems that want both.

import time


def rule(user, context):
    now = time.time()
    moment = time.gmtime(now)
    context.idToken.update(
        seconds=int(now), milliseconds=round(now * 1000), nanoseconds=str(time.time_ns()),
        parts=[moment.tm_year, moment.tm_mon, moment.tm_mday, moment.tm_hour, moment.tm_min, moment.tm_sec,
               moment.tm_wday, moment.tm_yday, moment.tm_isdst],
        first=list(moment)[:3],
        text=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(0)),
        local=time.strftime("%d %b", time.localtime(86_400)),
        parsed=time.strptime("2027-05-06", "%Y-%m-%d").tm_yday,
        fresh=now - user.get("last_login", now - 5) < 10,
    )

# claims {"seconds": 1800000000, "milliseconds": 1800000000123, "nanoseconds": "1800000000123456789", "parts":
#  [2027, 1, 15, 8, 0, 0, 4, 15, 0], "first": [2027, 1, 15], "text": "1970-01-01T00:00:00Z", "local": "02 Jan",
#  "parsed": 126, "fresh": true}
