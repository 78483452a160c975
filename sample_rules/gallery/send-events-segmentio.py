"""Sign-ups and logins are events at Segment

Refreshed tokens, delegation, silent logins and the way back from a page are no logins. When Segment does not answer
the login goes on, with a line in the trace. The answer is waited for: work that goes on behind a login does not exist
here.

Needs the configuration `SEGMENTIO_WRITE_KEY` and `api.segment.io` among the tenant's `allowed_hosts`.
"""

NO_LOGIN = ("oauth2-refresh-token", "redirect-callback", "delegation")


def rule(user, context):
    request = context.get("request") or {}
    silent = (request.get("query") or {}).get("prompt") == "none"
    if silent or context.get("protocol") in NO_LOGIN:
        return
    first = (context.get("stats") or {}).get("loginsCount") == 1
    event = {
        "userId": user.user_id,
        "event": "Signed up" if first else "Logged in",
        "properties": {"application": context.get("clientName")},
        "context": {"ip": request.get("ip"), "userAgent": request.get("userAgent")},
    }
    auth = (configuration.SEGMENTIO_WRITE_KEY, "")
    try:
        http.post("https://api.segment.io/v1/track", auth=auth, json=event, timeout=1).raise_for_status()
    except http.Error as error:
        print("Segment has not got the event:", error)
