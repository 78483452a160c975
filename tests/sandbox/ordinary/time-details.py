# Rare parts of dates and times.

import time
from datetime import date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo


def rule(user, context):
    parts = time.gmtime(0)
    week = date(2027, 1, 15).isocalendar()
    paris = ZoneInfo("Europe/Paris")
    summer = datetime(2027, 7, 1)
    context.idToken.update(
        parts=[parts.count(0), parts.index(1970), parts.tm_zone, parts.tm_gmtoff],
        week=[week.count(2), week.index(5), list(datetime(2027, 1, 15).isocalendar())],
        zone=[str(paris.utcoffset(summer)), str(paris.dst(summer)), paris.tzname(summer)],
        made=[datetime.fromordinal(740000).isoformat(), datetime.fromisocalendar(2027, 2, 5).isoformat()],
        steps=[str(kind.resolution) for kind in (datetime, date, clock, timedelta)],
    )

# claims {"parts": [4, 0, "GMT", 0], "week": [1, 2, [2027, 2, 5]], "zone": ["2:00:00", "1:00:00", "CEST"], "made":
#  ["2027-01-19T00:00:00", "2027-01-15T00:00:00"], "steps": ["0:00:00.000001", "1 day, 0:00:00", "0:00:00.000001",
#  "0:00:00.000001"]}
