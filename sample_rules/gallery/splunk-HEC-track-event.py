"""Sign-ups and logins are events at Splunk

By its HTTP Event Collector. The first one is a `SignUp`, which `app_metadata.signedUp` remembers, as an update in the
answer. Refreshed tokens, silent logins and the way back from a page are no logins.

Needs the configuration `SPLUNK_HEC_URL` (the collector's address) and `SPLUNK_HEC_TOKEN`, and that host among the
tenant's `allowed_hosts`. When the event cannot be sent the rule fails: with `on_failure: skip` the login goes on.
"""


def is_new_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    return not again and query.get("prompt") != "none"


def rule(user, context):
    if not is_new_login(context):
        return
    metadata = user.get("app_metadata") or {}
    event = {
        "message": "Login" if metadata.get("signedUp") else "SignUp",
        "application": context.get("clientName"),
        "clientIP": (context.get("request") or {}).get("ip"),
        "protocol": context.get("protocol"),
        "userName": user.get("name"),
        "userId": user.get("user_id"),
    }
    headers = {"Authorization": f"Splunk {configuration.SPLUNK_HEC_TOKEN}"}
    known = {name: value for name, value in event.items() if value is not None}
    body = {"event": known, "source": "auth0", "sourcetype": "auth0_activity"}
    http.post(configuration.SPLUNK_HEC_URL, headers=headers, json=body, timeout=1).raise_for_status()
    if not metadata.get("signedUp"):
        user.app_metadata = metadata | {"signedUp": True}
        auth0.users.update_app_metadata(user.user_id, {"signedUp": True})
