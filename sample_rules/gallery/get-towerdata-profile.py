"""What TowerData knows of the person

The answer is a claim as it comes. Only for a verified address. Setting: `TOWERDATA_API_KEY`. Allowed host:
`api.towerdata.com`. Without an answer the rule fails: run it with `on_failure: skip` where logins should go on.
"""


def rule(user, context):
    email = user.get("email")
    if not email or not user.get("email_verified"):
        return
    answer = http.get(
        "https://api.towerdata.com/v5/td",
        params={"email": email, "api_key": configuration.TOWERDATA_API_KEY},
        timeout=1,
    )
    answer.raise_for_status()
    context.idToken["https://example.com/towerdata"] = answer.json()
