"""A second factor at every login, by Guardian

Asks until the issuer says in `context.authentication.methods` that it was given a moment ago: the rules run again
behind it, which they did not with Auth0. Not at a refresh, where nobody is there to answer.
"""

import time

MOMENT = 600  # seconds


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token":
        return
    methods = (context.get("authentication") or {}).get("methods") or []
    if not any(method.get("name") == "mfa" and age(method) < MOMENT for method in methods):
        context.multifactor = {"provider": "guardian", "allowRememberBrowser": False}


def age(method):
    """In seconds. Auth0 documented seconds and sent milliseconds."""
    timestamp = method.get("timestamp") or 0
    return time.time() - (timestamp / 1000 if timestamp > 1e11 else timestamp)
