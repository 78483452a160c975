# Ported from Auth0: a password older than thirty days has to be changed.

from datetime import datetime, timedelta, timezone

MAX_AGE = timedelta(days=30)


def rule(user, context):
    changed = user.get("last_password_reset") or user.get("created_at")
    if not changed:
        return
    changed = datetime.fromisoformat(changed.replace("Z", "+00:00"))
    age = datetime.now(timezone.utc) - changed
    if age > MAX_AGE:
        raise UnauthorizedError(f"Please change your password: it is {age.days} days old")

# user {"last_password_reset": "2027-01-10T12:00:00.000Z"}
# claims {}
#
# user {"created_at": "2026-11-01T00:00:00Z"}
# denied "Please change your password: it is 75 days old"
#
# claims {}
