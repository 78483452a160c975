# Closed every Friday between eight and nine in the morning, except for operators.

from datetime import datetime, time, timedelta

CLOSED = [(4, time(8), time(9)), (6, time(0), time(23, 59))]


def rule(user, context):
    now = datetime.utcnow()
    for weekday, start, end in CLOSED:
        if now.weekday() == weekday and start <= now.time() < end:
            if "operator" in user["app_metadata"].get("roles", ()):
                print("let in during maintenance")
                break
            opens = datetime.combine(now.date(), end)
            minutes = (opens - now) // timedelta(minutes=1)
            raise UnauthorizedError(f"We are back at {end:%H:%M}, in {minutes} minutes")

# denied "We are back at 09:00, in 59 minutes"
#
# user {"app_metadata": {"roles": ["operator"]}}
# logs ["let in during maintenance"]
