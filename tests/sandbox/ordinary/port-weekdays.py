# Ported from Auth0: one application is closed at weekends.

from datetime import datetime

CLIENT = "Timesheets"


def rule(user, context, callback):
    if context.get("clientName") == CLIENT:
        day = datetime.now().weekday()  # Monday is 0
        if day in (5, 6):
            return callback(UnauthorizedError("This app is available during the week"))
        context.idToken["https://example.com/weekday"] = "Mon Tue Wed Thu Fri".split()[day]
    return callback(None, user, context)

# context {"clientName": "Timesheets"}
# claims {"https://example.com/weekday": "Fri"}
#
# claims {}
