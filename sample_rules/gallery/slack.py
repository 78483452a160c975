"""A message to Slack about a new user

At the first login; refreshed tokens, silent logins and the way back from a page are none. When Slack does not answer
the login goes on, with a line in the trace. The answer is waited for: work that goes on behind a login does not exist
here.

Needs the configuration `SLACK_HOOK_URL`, without which nothing is sent, and `hooks.slack.com` among the tenant's
`allowed_hosts`.
"""

CHANNEL = "#some_channel"


def is_first_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    count = (context.get("stats") or {}).get("loginsCount")
    return count == 1 and not again and query.get("prompt") != "none"


def rule(user, context):
    hook = configuration.get("SLACK_HOOK_URL")
    if not hook or not is_first_login(context):
        return
    text = f"New User: {user.get('name') or user.user_id} ({user.get('email') or 'no address'})"
    try:
        http.post(hook, json={"text": text, "channel": CHANNEL}, timeout=1).raise_for_status()
    except http.Error as error:
        print("Slack has not got the message:", error)
