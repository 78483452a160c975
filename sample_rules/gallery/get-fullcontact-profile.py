"""What FullContact knows of the person

Asks once, keeps the answer in `user_metadata.fullcontact`, and makes a claim of it, without `details`. Without an
answer the login goes on without the claim, with a line in the trace. Later logins make the claim of what was kept.

Needs the configuration `FULLCONTACT_KEY` and `api.fullcontact.com` among the tenant's `allowed_hosts`.
"""

ENRICH = "https://api.fullcontact.com/v3/person.enrich"


def rule(user, context):
    metadata = user.get("user_metadata") or {}
    profile = metadata.get("fullcontact") or fetched(user.get("email"))
    if not profile:
        return
    if "fullcontact" not in metadata:
        user.user_metadata = metadata | {"fullcontact": profile}
        auth0.users.update_user_metadata(user.user_id, {"fullcontact": profile})
    claim = {name: value for name, value in profile.items() if name != "details"}
    context.idToken["https://example.com/fullcontact"] = claim


def fetched(email):
    if not email:
        return None
    headers = {"Authorization": f"Bearer {configuration.FULLCONTACT_KEY}"}
    try:
        answer = http.post(ENRICH, headers=headers, json={"email": email}, timeout=1)
        answer.raise_for_status()
    except http.Error as error:
        print(f"FullContact: {error}")
        return None
    return answer.json()
