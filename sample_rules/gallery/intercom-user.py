"""Each login is told to Intercom

A refresh and the second run after a redirect are no logins, and are left out, where Auth0's rule told them too. The login
waits for the answer here, for a second at most, and goes on without it. Setting: `INTERCOM_ACCESS_TOKEN`. Allowed host:
`api.intercom.io`.
"""

from datetime import datetime

NO_LOGIN = ["oauth2-refresh-token", "redirect-callback"]


def rule(user, context):
    if context.get("protocol") in NO_LOGIN:
        return
    request = context.get("request") or {}
    created = user.get("created_at")
    body = {
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
        http.post("https://api.intercom.io/users", headers=headers, json=body, timeout=1).raise_for_status()
    except http.Error as error:
        print(f"Intercom: {error}")
