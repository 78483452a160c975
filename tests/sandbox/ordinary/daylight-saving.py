# A meeting at nine in New York, in summer and in winter.

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

NEW_YORK = ZoneInfo("America/New_York")


def rule(user, context):
    winter = datetime(2027, 1, 15, 9, tzinfo=NEW_YORK)
    summer = winter.replace(month=7)
    back = datetime(2027, 3, 14, 7, tzinfo=timezone.utc).astimezone(NEW_YORK)
    context.idToken.update(
        utc=[moment.astimezone(timezone.utc).isoformat() for moment in (winter, summer)],
        offsets=[str(moment.utcoffset()) for moment in (winter, summer)],
        dst=[bool(moment.dst()) for moment in (winter, summer)],
        change=back.strftime("%H:%M %Z"), later=(back + timedelta(hours=1)).hour, key=NEW_YORK.key,
        known=["Europe/Paris" in available_timezones(), "Nowhere" in available_timezones()],
    )

# claims {"utc": ["2027-01-15T14:00:00+00:00", "2027-07-15T13:00:00+00:00"], "offsets": ["-1 day, 19:00:00", "-1
#  day, 20:00:00"], "dst": [false, true], "change": "03:00 EDT", "later": 4, "key": "America/New_York", "known":
#  [true, false]}
