"""A hint how long the application may keep its session

How long the token itself is valid is the issuer's decision (`exp`); this is advice to the application.
"""

MINUTES = {"bank": 10, "intranet": 8 * 60}
DEFAULT = 60


def rule(user, context):
    minutes = MINUTES.get(context.get("clientID"), DEFAULT)
    methods = (context.get("authentication") or {}).get("methods", [])
    if any(method.get("name") == "mfa" for method in methods):
        minutes *= 2
    context.idToken["https://example.com/session_minutes"] = minutes
