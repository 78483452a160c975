"""Who has reset the password by mail has a verified address

For database connections: the link in the mail proves that the address is theirs. The issuer's API of users is told
so, and the claim `email_verified`, which is a standard one, says whether that worked.

Needs the configuration `MANAGEMENT_API_URL` (such as `https://login.example.com/api/v2`) and `MANAGEMENT_API_TOKEN`,
where Auth0 had `auth0.baseUrl` and `auth0.accessToken`, and that host among the tenant's `allowed_hosts`.
"""

from urllib.parse import quote


def rule(user, context):
    if context.get("connectionStrategy") != "auth0":
        return
    if user.get("email_verified") or not user.get("last_password_reset"):
        return
    verified = True
    try:
        http.patch(
            f"{configuration.MANAGEMENT_API_URL}/users/{quote(user.user_id, safe='')}",
            headers={"Authorization": f"Bearer {configuration.MANAGEMENT_API_TOKEN}"},
            json={"email_verified": True},
            timeout=1,
        ).raise_for_status()
    except http.Error as error:
        print("the address could not be marked as verified:", error)
        verified = False
    context.idToken["email_verified"] = verified
