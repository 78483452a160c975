"""Each login is told to Intercom

Refreshed tokens, silent logins and the way back from a page are no logins. When Intercom does not answer the login goes
on, with a line in the trace. The answer is waited for, where Auth0's template left the call behind.

Needs the configuration `INTERCOM_ACCESS_TOKEN` and `api.intercom.io` among the tenant's `allowed_hosts`.
"""

from datetime import datetime


def is_new_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    return not again and query.get("prompt") != "none"


def rule(user, context):
    if not is_new_login(context):
        return
    request = context.get("request") or {}
    created = user.get("created_at")
    login = {
        "user_id": user.user_id,
        "email": user.get("email"),
        "name": user.get("name"),
        "signed_up_at": int(datetime.fromisoformat(created).timestamp()) if created else None,
        "last_seen_ip": request.get("ip"),
        "last_seen_user_agent": request.get("userAgent"),
        "update_last_request_at": True,
        "new_session": True,
    }
    headers = {"Authorization": f"Bearer {configuration.INTERCOM_ACCESS_TOKEN}", "Accept": "application/json"}
    try:
        http.post("https://api.intercom.io/users", headers=headers, json=login, timeout=1).raise_for_status()
    except http.Error as error:
        print(f"Intercom: {error}")
