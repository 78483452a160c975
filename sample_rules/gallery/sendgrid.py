"""Mail to the administrator about a new user, by SendGrid

Sent once: `app_metadata.signedUp` remembers it, as an update in the answer. Refreshed tokens, silent logins and the
way back from a page are no new users.

Needs the configuration `SENDGRID_API_KEY` and `api.sendgrid.com` among the tenant's `allowed_hosts`. When the mail
cannot be sent the rule fails and the next login tries again: with `on_failure: skip` this login goes on. The address
and its form are the template's; SendGrid has a newer one beside it.
"""

MESSAGES = "https://api.sendgrid.com/api/mail.send.json"
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
        "from": ADMINISTRATOR,
        "subject": "NEW SIGNUP",
        "text": f"We have got a new sign up from: {user.get('email') or 'somebody without an address'}.",
    }
    headers = {"Authorization": f"Bearer {configuration.SENDGRID_API_KEY}"}
    http.post(MESSAGES, headers=headers, data=mail, timeout=1).raise_for_status()
    user.app_metadata = metadata | {"signedUp": True}
    auth0.users.update_app_metadata(user.user_id, {"signedUp": True})
