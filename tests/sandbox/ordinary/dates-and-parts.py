# The parts of dates and times, and texts of them.

import datetime as dt


def rule(user, context):
    moment = dt.datetime(2027, 2, 28, 23, 59, 58, 123456, tzinfo=dt.timezone.utc)
    day = moment.date()
    clock = moment.timetz()
    calendar = day.isocalendar()
    tuple_ = moment.timetuple()
    context.idToken.update(
        parts=[moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond,
               moment.fold, moment.tzname(), moment.weekday(), moment.isoweekday(), moment.toordinal()],
        day=[day.year, day.month, day.day, day.weekday(), day.isoweekday(), day.toordinal(), day.isoformat(), day.ctime(),
             day.strftime("%d.%m.%y"), day.replace(day=1).isoformat(), day.timetuple().tm_yday],
        time=[clock.hour, clock.minute, clock.second, clock.microsecond, clock.fold, clock.tzname(), clock.isoformat(),
              clock.replace(hour=1, tzinfo=None).strftime("%H-%M"), str(clock.utcoffset()), clock.dst()],
        week=[calendar.year, calendar.week, calendar.weekday, list(day.isocalendar())],
        tuple=[tuple_.tm_year, tuple_.tm_mon, tuple_.tm_mday, tuple_.tm_hour, tuple_.tm_wday, tuple_.tm_yday],
        texts=[moment.isoformat(), moment.isoformat(" ", "minutes"), moment.ctime(), moment.strftime("%A %j %p %I"),
               f"{moment:%d %b %Y}", str(moment.time()), str(day)],
        stamps=[moment.timestamp(), moment.utctimetuple().tm_hour],
        zone=[str(moment.tzinfo), str(clock.tzinfo), moment.tzinfo.tzname(None), str(dt.timezone.utc.utcoffset(None)),
              dt.timezone.utc.dst(None)],
    )

# claims {"parts": [2027, 2, 28, 23, 59, 58, 123456, 0, "UTC", 6, 7, 740040], "day": [2027, 2, 28, 6, 7, 740040,
#  "2027-02-28", "Sun Feb 28 00:00:00 2027", "28.02.27", "2027-02-01", 59], "time": [23, 59, 58, 123456, 0, "UTC",
#  "23:59:58.123456+00:00", "01-59", "0:00:00", null], "week": [2027, 8, 7, [2027, 8, 7]], "tuple": [2027, 2, 28, 23,
#  6, 59], "texts": ["2027-02-28T23:59:58.123456+00:00", "2027-02-28 23:59+00:00", "Sun Feb 28 23:59:58 2027",
#  "Sunday 059 PM 11", "28 Feb 2027", "23:59:58.123456", "2027-02-28"], "stamps": [1803859198.123456, 23], "zone":
#  ["UTC", "UTC", "UTC", "0:00:00", null]}
