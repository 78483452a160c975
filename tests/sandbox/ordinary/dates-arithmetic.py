# Differences, comparisons and everything that makes a date.

from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta, timezone


def end_of_month(day):
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def rule(user, context):
    week = timedelta(weeks=1, hours=2, minutes=30)
    eastern = timezone(timedelta(hours=-5), "EST")
    context.idToken.update(
        delta=[week.days, week.seconds, week.microseconds, week.total_seconds(), str(week), str(-timedelta(hours=1))],
        math=[str(week * 2), str(week / 2), week // timedelta(days=1), str(week % timedelta(days=1)), str(abs(-week)),
              week > timedelta(7), str(sum([week, week], timedelta())), divmod(week, timedelta(hours=5))[0]],
        month=[end_of_month(date(year, 2, 10)).isoformat() for year in (2023, 2024, 2100)],
        parsed=[
            datetime.fromisoformat("2027-01-15T08:00:00+02:00").astimezone(UTC).hour,
            datetime.strptime("03/04/2027 5:06 PM", "%d/%m/%Y %I:%M %p").isoformat(),
            datetime.strptime("2027-01-01T00:00:00.5Z", "%Y-%m-%dT%H:%M:%S.%f%z").isoformat(),
            date.fromisoformat("2027-12-31").isoformat(), time.fromisoformat("08:09:10").isoformat(),
            date.fromisocalendar(2027, 1, 1).isoformat(), date.fromordinal(1).isoformat(),
        ],
        made=[
            datetime.fromtimestamp(1_800_000_000, tz=timezone.utc).isoformat(), datetime.fromtimestamp(0).isoformat(),
            datetime.utcfromtimestamp(86_400).isoformat(), datetime.combine(date(2027, 1, 1), time(1, 2)).isoformat(),
            date.fromtimestamp(0).isoformat(), datetime(2027, 1, 1, tzinfo=eastern).isoformat(), eastern.tzname(None),
        ],
        now=[datetime.now(timezone.utc).isoformat(), datetime.utcnow().isoformat(), str(datetime.today()),
             str(date.today()), datetime.now(eastern).hour, datetime.now().date() == date.today()],
        limits=[datetime.min.year, datetime.max.year, date.min.isoformat(), date.max.isoformat(), time.min.isoformat(),
                time.max.hour, timedelta.max.days, timedelta.min.days, timedelta.resolution.microseconds, MINYEAR, MAXYEAR],
        compare=[date(2027, 1, 1) < date(2027, 1, 2), datetime(2027, 1, 1) == datetime(2027, 1, 1), time(1) < time(2),
                 (date(2027, 3, 1) - date(2027, 2, 1)).days, isinstance(datetime.now(), date)],
    )
    try:
        datetime.now() < datetime.now(timezone.utc)
    except TypeError as error:
        context.idToken["mixed"] = str(error)

# claims {"delta": [7, 9000, 0, 613800.0, "7 days, 2:30:00", "-1 day, 23:00:00"], "math": ["14 days, 5:00:00", "3
#  days, 13:15:00", 7, "2:30:00", "7 days, 2:30:00", true, "14 days, 5:00:00", 34], "month": ["2023-02-28",
#  "2024-02-29", "2100-02-28"], "parsed": [6, "2027-04-03T17:06:00", "2027-01-01T00:00:00.500000+00:00",
#  "2027-12-31", "08:09:10", "2027-01-04", "0001-01-01"], "made": ["2027-01-15T08:00:00+00:00",
#  "1970-01-01T00:00:00", "1970-01-02T00:00:00", "2027-01-01T01:02:00", "1970-01-01", "2027-01-01T00:00:00-05:00",
#  "EST"], "now": ["2027-01-15T08:00:00.123456+00:00", "2027-01-15T08:00:00.123456", "2027-01-15 08:00:00.123456",
#  "2027-01-15", 3, true], "limits": [1, 9999, "0001-01-01", "9999-12-31", "00:00:00", 23, 999999999, -999999999, 1,
#  1, 9999], "compare": [true, true, true, 28, true], "mixed": "can't compare offset-naive and offset-aware
#  datetimes"}
