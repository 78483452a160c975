"""One application is closed on Saturday and Sunday

Name the application in `APP`. The days are those of `ZONE`; Auth0 knew UTC only.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

APP = "TheAppToCheckAccessTo"
ZONE = ZoneInfo("UTC")
SATURDAY = 5


def rule(user, context):
    if context.get("clientName") == APP and datetime.now(ZONE).weekday() >= SATURDAY:
        raise UnauthorizedError("This app is available during the week")
