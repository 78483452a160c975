"""A count of logins in user_metadata

Rules keep no state between executions: what has to last is handed back to the issuer as an update. The
issuer stores it; this login still sees the old value, so the rule changes its own copy too.
"""


def rule(user, context):
    if context.get("protocol") in ("oauth2-refresh-token", "redirect-callback"):
        return
    metadata = user.get("user_metadata") or {}
    metadata["logins"] = metadata.get("logins", 0) + 1
    user.user_metadata = metadata
    auth0.users.update_user_metadata(user.user_id, {"logins": metadata["logins"]})
