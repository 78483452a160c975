# At most five logins in the last hour, remembered in the metadata.

import time

WINDOW, LIMIT = 3600, 5


def rule(user, context):
    metadata = user.setdefault("app_metadata", {})
    now = int(time.time())
    recent = [stamp for stamp in metadata.get("logins", []) if now - stamp < WINDOW]
    if len(recent) >= LIMIT:
        wait = WINDOW - (now - min(recent))
        minutes, seconds = divmod(wait, 60)
        raise UnauthorizedError(f"Too many logins: try again in {minutes}:{seconds:02d} minutes")
    recent.append(now)
    metadata["logins"] = recent
    auth0.users.update_app_metadata(user["user_id"], {"logins": recent})
    context["idToken"]["https://example.com/logins_left"] = LIMIT - len(recent)

# claims {"https://example.com/logins_left": 4}
# app_metadata {"logins": [1800000000]}
#
# user {"app_metadata": {"logins": [1799990000, 1799999000, 1799999100, 1799999200]}}
# claims {"https://example.com/logins_left": 1}
# app_metadata {"logins": [1799999000, 1799999100, 1799999200, 1800000000]}
#
# user {"app_metadata": {"logins": [1799999000, 1799999100, 1799999200, 1799999300, 1799999400]}}
# denied "Too many logins: try again in 43:20 minutes"
