"""An id of your own from a web API of yours

Posts who logs in where, and keeps the `customId` that comes back in `app_metadata` and in the ID token. Auth0's
template sent all of `user` and `context`; this sends what is listed below.

Needs the configuration `YOURWEBSITE_URL`, and `YOURWEBSITE_SECRET_TOKEN`, by which your API knows that it is the rule
that asks, and that host among the tenant's `allowed_hosts`. When the API fails the rule does, and `on_failure` says
what that means.
"""

USER = ["user_id", "email", "name"]
CONTEXT = ["clientID", "clientName", "connection"]


def rule(user, context):
    answer = http.post(
        configuration.YOURWEBSITE_URL,
        json={
            "user": {name: user.get(name) for name in USER},
            "context": {name: context.get(name) for name in CONTEXT},
            "secretToken": configuration.YOURWEBSITE_SECRET_TOKEN,
        },
        timeout=1,
    )
    answer.raise_for_status()
    custom_id = answer.json()["customId"]
    user.app_metadata = (user.get("app_metadata") or {}) | {"customId": custom_id}
    auth0.users.update_app_metadata(user.user_id, {"customId": custom_id})
    context.idToken["https://example.com/custom_id"] = custom_id
