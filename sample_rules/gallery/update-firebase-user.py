"""The profile goes to Firebase

Not at a refresh, at a silent login or on the way back from a page.

Needs the configuration `FIREBASE_URL` and `FIREBASE_SECRET`, and that host among the tenant's `allowed_hosts`. The
secret is in the address, as Firebase's legacy secrets are; records show it as `***`. When Firebase fails the rule
does: with `on_failure: skip` the login goes on.
"""

import base64

PROFILE = ("user_id", "email", "name", "nickname", "picture")


def is_new_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    return not again and query.get("prompt") != "none"


def rule(user, context):
    if not is_new_login(context):
        return
    key = base64.urlsafe_b64encode(user.user_id.encode()).decode()
    answer = http.put(
        f"{configuration.FIREBASE_URL}/users/{key}.json?auth={configuration.FIREBASE_SECRET}",
        json={"identity": {name: user[name] for name in PROFILE if name in user}},
        timeout=1,
    )
    answer.raise_for_status()
