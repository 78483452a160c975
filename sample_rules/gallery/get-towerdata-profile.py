"""What TowerData knows of the person

The answer is a claim as it comes. Only for a verified address.

Needs the configuration `TOWERDATA_API_KEY` and `api.towerdata.com` among the tenant's `allowed_hosts`. Without an
answer the rule fails: with `on_failure: skip` the login goes on.
"""


def rule(user, context):
    email = user.get("email")
    if not email or user.get("email_verified") is not True:
        return
    answer = http.get(
        "https://api.towerdata.com/v5/td",
        params={"email": email, "api_key": configuration.TOWERDATA_API_KEY},
        timeout=1,
    )
    answer.raise_for_status()
    context.idToken["https://example.com/towerdata"] = answer.json()
