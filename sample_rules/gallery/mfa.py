"""A second factor at every login

Asks until the issuer says in `context.authentication.methods` that it was given a moment ago: the rules run again
behind it, which they did not with Auth0. To ask once in a session, take require-mfa-once-per-session. Not at a
refresh, where nobody is there to answer.
"""

import time

MOMENT = 600  # seconds


def seconds_ago(method):
    """Auth0 documented seconds and sent milliseconds."""
    timestamp = method.get("timestamp") or 0
    return time.time() - (timestamp / 1000 if timestamp > 1e11 else timestamp)


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token":
        return
    methods = (context.get("authentication") or {}).get("methods") or []
    if not any(one.get("name") == "mfa" and seconds_ago(one) < MOMENT for one in methods):
        context.multifactor = {"provider": "any", "allowRememberBrowser": False}
