"""Passwords are changed every 30 days

Counts from the last reset, or from when the account was made. The issuer may send either as a number of milliseconds
or as ISO text. An account that has neither has no password here.
"""

from datetime import UTC, datetime, timedelta

MAX_AGE = timedelta(days=30)


def rule(user, context):
    changed = user.get("last_password_reset") or user.get("created_at")
    if changed and datetime.now(UTC) - moment(changed) > MAX_AGE:
        raise UnauthorizedError("please change your password")


def moment(value):
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(value / 1000, UTC)
