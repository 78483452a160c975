"""Mail to the administrator about a new user, by Mailgun

Sent once: `app_metadata.signedUp` remembers it, as an update in the answer. Refreshed tokens, silent logins and the
way back from a page are no new users.

Needs the configuration `MAILGUN_API_KEY` and `MAILGUN_DOMAIN`, which stood in the script of Auth0's template, and
`api.mailgun.net` among the tenant's `allowed_hosts`. When the mail is not accepted the rule fails and the next login
tries again: with `on_failure: skip` this login goes on.
"""

SENDER = "admin@example.com"
ADMINISTRATOR = "admin@example.com"


def is_new_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    return not again and query.get("prompt") != "none"


def rule(user, context):
    metadata = user.get("app_metadata") or {}
    if metadata.get("signedUp") or not is_new_login(context):
        return
    mail = {
        "to": ADMINISTRATOR,
        "subject": "NEW SIGNUP",
        "from": SENDER,
        "text": f"We have got a new sign up from: {user.get('email') or user.user_id}.",
    }
    messages = f"https://api.mailgun.net/v3/{configuration.MAILGUN_DOMAIN}/messages"
    answer = http.post(messages, auth=("api", configuration.MAILGUN_API_KEY), data=mail, timeout=1)
    if not answer.ok:
        raise RuntimeError("Invalid operation")
    user.app_metadata = metadata | {"signedUp": True}
    auth0.users.update_app_metadata(user.user_id, {"signedUp": True})
