"""The picture from LinkedIn as it was uploaded

Asked for with the person's own token, which the issuer has to hand on in `user.identities`. The claim `picture` takes
the place of the small one. Without an answer the rule fails: with `on_failure: skip` the login goes on.

Needs `api.linkedin.com` among the tenant's `allowed_hosts`.
"""

PICTURES = "https://api.linkedin.com/v1/people/~/picture-urls::(original)?format=json"


def rule(user, context):
    if context.get("connection") != "linkedin":
        return
    identity = next((one for one in user.get("identities") or [] if one.get("connection") == "linkedin"), {})
    if not identity.get("access_token"):
        return
    answer = http.get(PICTURES, headers={"Authorization": f"Bearer {identity['access_token']}"}, timeout=1)
    answer.raise_for_status()
    if pictures := answer.json().get("values"):
        context.idToken["picture"] = pictures[0]
