"""Mail to the administrator about a new user, by Mandrill

Sent once: `app_metadata.signedUp` remembers it, as an update in the answer. Refreshed tokens, silent logins and the
way back from a page are no new users. Unlike Auth0's template it sends JSON, which is what Mandrill documents.

Needs the configuration `MANDRILL_API_KEY` and `mandrillapp.com` among the tenant's `allowed_hosts`. When the mail
cannot be sent the rule fails and the next login tries again: with `on_failure: skip` this login goes on.
"""

MESSAGES = "https://mandrillapp.com/api/1.0/messages/send.json"
SENDER = "SENDER_EMAIL@example.com"
ADMINISTRATOR = "DESTINATION_EMAIL@example.com"


def is_new_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    return not again and query.get("prompt") != "none"


def rule(user, context):
    metadata = user.get("app_metadata") or {}
    if metadata.get("signedUp") or not is_new_login(context):
        return
    message = {
        "subject": f"User {user.get('name') or user.user_id} signed up to {context.get('clientName')}",
        "text": "Sent from a login rule",
        "from_email": SENDER,
        "from_name": "Login rule",
        "to": [{"email": ADMINISTRATOR, "type": "to"}],
    }
    body = {"key": configuration.MANDRILL_API_KEY, "message": message}
    http.post(MESSAGES, json=body, timeout=1).raise_for_status()
    user.app_metadata = metadata | {"signedUp": True}
    auth0.users.update_app_metadata(user.user_id, {"signedUp": True})
