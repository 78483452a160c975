# Nobody under eighteen, birthdays taken exactly.

from datetime import date


def age_on(day, born):
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def rule(user, context):
    text = user.get("user_metadata", {}).get("birthdate")
    try:
        born = date.fromisoformat(text)
    except (TypeError, ValueError):
        raise UnauthorizedError("We need your date of birth (YYYY-MM-DD)")
    age = age_on(date.today(), born)
    if age < 18:
        raise UnauthorizedError(f"You are {age}: come back in {born.year + 18 - date.today().year} year(s)")
    context.idToken["https://example.com/age_group"] = f"{age // 10 * 10}s"

# user {"user_metadata": {"birthdate": "2009-01-15"}}
# claims {"https://example.com/age_group": "10s"}
#
# user {"user_metadata": {"birthdate": "2009-01-16"}}
# denied "You are 17: come back in 0 year(s)"
#
# user {"user_metadata": {"birthdate": "16.1.2009"}}
# denied "We need your date of birth (YYYY-MM-DD)"
#
# denied "We need your date of birth (YYYY-MM-DD)"
