"""Asks for one missing profile field at a time, from the third login on

The application reads the claim and shows one question. What was asked, and when, is remembered, so that
nobody is asked twice in a week.
"""

from datetime import datetime, timedelta

QUESTIONS = ["language", "department", "phone"]
PAUSE = timedelta(days=7)


def rule(user, context):
    if (context.get("stats") or {}).get("loginsCount", 0) < 3:
        return
    metadata = user.get("user_metadata") or {}
    missing = [name for name in QUESTIONS if not metadata.get(name)]
    now = datetime.now()
    asked = metadata.get("asked_at")
    if not missing or (asked and now - datetime.fromisoformat(asked) < PAUSE):
        return
    context.idToken["https://example.com/ask_for"] = missing[0]
    auth0.users.update_user_metadata(user.user_id, {"asked_at": now.isoformat(timespec="seconds")})
