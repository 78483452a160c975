"""Profile fields that were kept in user_metadata go where they belong

Fields that sign-up forms left in `user_metadata` move to the profile of the same name: in this login at once, for
good by one call to the issuer's API of users. An update in the answer could not say that, since it is about metadata
only. Auth0's template had a Management API client and its token; here both are configuration.

Needs the configuration `MANAGEMENT_API_URL` (such as `https://login.example.com/api/v2`) and `MANAGEMENT_API_TOKEN`,
and that host among the tenant's `allowed_hosts`.
"""

from urllib.parse import quote

FIELDS = ("family_name", "given_name", "name", "nickname", "picture")


def rule(user, context):
    metadata = user.get("user_metadata") or {}
    moving = {name: metadata[name] for name in FIELDS if metadata.get(name)}
    if not moving:
        return
    answer = http.patch(
        f"{configuration.MANAGEMENT_API_URL}/users/{quote(user.user_id, safe='')}",
        headers={"Authorization": f"Bearer {configuration.MANAGEMENT_API_TOKEN}"},
        json=moving | {"user_metadata": dict.fromkeys(moving)},
        timeout=1,
    )
    answer.raise_for_status()
    user.update(moving)
    user.user_metadata = {name: value for name, value in metadata.items() if name not in moving}
