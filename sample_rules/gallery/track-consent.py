"""When somebody agreed to the terms

The page where people sign up asks for it and lets nobody through without, so the first login says that it was given.
Consent and time are remembered in `user_metadata`, as an update in the answer.
"""

from datetime import datetime


def rule(user, context):
    metadata = user.get("user_metadata") or {}
    count = (context.get("stats") or {}).get("loginsCount")
    if metadata.get("consentGiven") or count != 1:
        return
    consent = {"consentGiven": True, "consentTimestamp": datetime.now().isoformat(timespec="seconds")}
    user.user_metadata = metadata | consent
    auth0.users.update_user_metadata(user.user_id, consent)
