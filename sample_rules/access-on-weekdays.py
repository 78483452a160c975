"""One application, on weekdays, in office hours

The clock is the execution's own and runs in UTC, so a replay comes to the same decision.
"""

from datetime import datetime

APPLICATION = "timesheet"
OPENS, CLOSES = 7, 19


def rule(user, context):
    if context.get("clientID") != APPLICATION:
        return
    now = datetime.now()
    if now.weekday() >= 5:
        raise UnauthorizedError(f"{APPLICATION} is closed at weekends")
    if not OPENS <= now.hour < CLOSES:
        raise UnauthorizedError(f"{APPLICATION} is open from {OPENS}:00 to {CLOSES}:00 UTC")
