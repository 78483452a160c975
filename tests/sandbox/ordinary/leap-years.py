# The day of the password's expiry: a year later, also from the 29th of February.

from datetime import date


def plus_years(day, years):
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def rule(user, context):
    changed = date.fromisoformat(user.get("password_changed", "2024-02-29"))
    context.idToken["expires"] = plus_years(changed, 1).isoformat()
    context.idToken["later"] = plus_years(changed, 4).isoformat()
    context.idToken["leap"] = [year for year in range(1896, 1909) if is_leap(year)]

# claims {"expires": "2025-02-28", "later": "2028-02-29", "leap": [1896, 1904, 1908]}
