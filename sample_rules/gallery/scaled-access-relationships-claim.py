"""Relationships from Scaled Access in the access token

Asks as a machine: its token is kept in `cache` until a minute before it ends, where Auth0's template kept it in
`global`.

Needs the configuration `SCALED_ACCESS_BASEURL`, `SCALED_ACCESS_TENANT`, `SCALED_ACCESS_CUSTOMCLAIM`,
`SCALED_ACCESS_AUDIENCE`, `SCALED_ACCESS_CLIENTID` and `SCALED_ACCESS_CLIENTSECRET`, and among the tenant's
`allowed_hosts` the host of the first and your issuer's own (`context.request.hostname`, which gives out the token).
When either fails the rule does: with `on_failure: skip` the login goes on without the claim, as it did with the
template.
"""

from urllib.parse import quote


def machine_token(hostname):
    token = cache.get("scaled-access-token")
    if token:
        return token
    answer = http.post(
        f"https://{hostname}/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_id": configuration.SCALED_ACCESS_CLIENTID,
            "client_secret": configuration.SCALED_ACCESS_CLIENTSECRET,
            "audience": configuration.SCALED_ACCESS_AUDIENCE,
            "scope": "pg:tenant:admin",
        },
        timeout=1,
    )
    answer.raise_for_status()
    given = answer.json()
    lifetime = given["expires_in"] - 60
    if lifetime > 0:
        cache.set("scaled-access-token", given["access_token"], ttl=lifetime)
    return given["access_token"]


def rule(user, context):
    tenant = f"{configuration.SCALED_ACCESS_BASEURL}/{configuration.SCALED_ACCESS_TENANT}"
    answer = http.get(
        f"{tenant}/actors/user/{quote(user.user_id, safe='')}/relationships",
        headers={"Authorization": f"Bearer {machine_token(context.request.hostname)}"},
        timeout=1,
    )
    answer.raise_for_status()
    context.accessToken[configuration.SCALED_ACCESS_CUSTOMCLAIM] = answer.json()
