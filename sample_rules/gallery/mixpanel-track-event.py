"""Every login is an event in Mixpanel

Refreshed tokens, silent logins and the way back from a page are no logins. When Mixpanel does not answer the login
goes on, with a line in the trace. Unlike Auth0's template it sends a form by https: the token is in it, and was in an
address by http.

Needs the configuration `MIXPANEL_API_TOKEN` and `api.mixpanel.com` among the tenant's `allowed_hosts`.
"""

import base64
import json


def is_new_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    return not again and query.get("prompt") != "none"


def rule(user, context):
    if not is_new_login(context):
        return
    properties = {
        "distinct_id": user.user_id,
        "token": configuration.MIXPANEL_API_TOKEN,
        "application": context.get("clientName"),
    }
    event = json.dumps({"event": "Sign In", "properties": properties}, separators=(",", ":"))
    data = base64.b64encode(event.encode()).decode()
    try:
        http.post("https://api.mixpanel.com/track/", data={"data": data}, timeout=1).raise_for_status()
    except http.Error as error:
        print("Mixpanel has not got the event:", error)
