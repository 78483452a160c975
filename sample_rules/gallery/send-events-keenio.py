"""The first login is an event at Keen, and a failure of that one at Slack

Refreshed tokens, silent logins and the way back from a page are no first logins. Whatever fails, the login goes on,
with a line in the trace. The answer is waited for: work that goes on behind a login does not exist here.

Needs the configuration `KEEN_PROJ_ID`, `KEEN_WRITE_KEY` and `SLACK_WEBHOOK_URL`, and `api.keen.io` and
`hooks.slack.com` among the tenant's `allowed_hosts`.
"""


def is_first_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    count = (context.get("stats") or {}).get("loginsCount")
    return count == 1 and not again and query.get("prompt") != "none"


def alert(error):
    message = {"channel": "#some_channel", "text": f"KEEN API ERROR: {error}"}
    try:
        http.post(configuration.SLACK_WEBHOOK_URL, json=message, timeout=0.5).raise_for_status()
    except http.Error as failure:
        print("Slack has not got the alert:", failure)


def rule(user, context):
    if not is_first_login(context):
        return
    event = {"userId": user.get("user_id"), "name": user.get("name"), "ip": (context.get("request") or {}).get("ip")}
    try:
        http.post(
            f"https://api.keen.io/3.0/projects/{configuration.KEEN_PROJ_ID}/events/signups",
            headers={"Authorization": configuration.KEEN_WRITE_KEY},
            json={name: value for name, value in event.items() if value},
            timeout=0.5,
        ).raise_for_status()
    except http.Error as error:
        print("Keen has not got the event:", error)
        alert(error)
