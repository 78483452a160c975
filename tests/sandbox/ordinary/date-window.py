# A trial account works between two dates only, the last one included.

from datetime import date

START = date(2027, 1, 1)
END = date(2027, 1, 31)


def rule(user, context):
    meta = user.get("app_metadata", {})
    start = date.fromisoformat(meta["trial_start"]) if "trial_start" in meta else START
    end = date.fromisoformat(meta["trial_end"]) if "trial_end" in meta else END
    today = date.today()
    if not start <= today <= end:
        raise UnauthorizedError(f"Your trial ended on {end:%d %B %Y}.")
    context.idToken["https://example.com/trial_days_left"] = (end - today).days

# claims {"https://example.com/trial_days_left": 16}
#
# user {"app_metadata": {"trial_end": "2027-01-14"}}
# denied "Your trial ended on 14 January 2027."
#
# user {"app_metadata": {"trial_start": "2027-01-15", "trial_end": "2027-01-15"}}
# claims {"https://example.com/trial_days_left": 0}
