"""A mail by Mailgun at the first login

Sent once, which `app_metadata.signedUp` remembers. Settings: `MAILGUN_API_KEY`, and `MAILGUN_DOMAIN`, which stood in
the script of Auth0's rule. Allowed host: `api.mailgun.net`. A mail that is not accepted fails the rule: run it with
`on_failure: skip`, so that nobody's login depends on it.
"""

FROM = "admin@example.com"
TO = "admin@example.com"


def rule(user, context):
    metadata = user.get("app_metadata") or {}
    if metadata.get("signedUp"):
        return
    answer = http.post(
        f"https://api.mailgun.net/v3/{configuration.MAILGUN_DOMAIN}/messages",
        auth=("api", configuration.MAILGUN_API_KEY),
        data={
            "to": TO,
            "subject": "NEW SIGNUP",
            "from": FROM,
            "text": f"We have got a new sign up from: {user.get('email') or user.user_id}.",
        },
        timeout=1,
    )
    if not answer.ok:
        raise RuntimeError("Invalid operation")
    user.app_metadata = {**metadata, "signedUp": True}
    auth0.users.update_app_metadata(user.user_id, {"signedUp": True})
