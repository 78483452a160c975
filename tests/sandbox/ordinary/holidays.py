# Public holidays, some of them movable: Easter after Gauss.

from datetime import date, timedelta


def easter(year):
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = (a + 11 * d + 22 * e) // 451
    month, day = divmod(d + e - 7 * f + 114, 31)
    return date(year, month, day + 1)


def holidays(year):
    sunday = easter(year)
    return {
        date(year, 1, 1): "New Year",
        sunday - timedelta(days=2): "Good Friday",
        sunday + timedelta(days=1): "Easter Monday",
        date(year, 12, 25): "Christmas",
    }


def rule(user, context):
    today = date.fromisoformat(context.get("today", "2027-01-15"))
    days = holidays(today.year)
    if today in days:
        raise UnauthorizedError(f"closed: {days[today]}")
    upcoming = min(day for day in days if day > today)
    context.idToken["https://example.com/next_holiday"] = f"{upcoming:%d.%m.} {days[upcoming]}"

# claims {"https://example.com/next_holiday": "26.03. Good Friday"}
#
# context {"today": "2027-03-26"}
# denied "closed: Good Friday"
