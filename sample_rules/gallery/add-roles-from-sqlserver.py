"""Roles from a database

Rules have no database driver: a small service of yours in front of the database answers `GET ?email=...` with a JSON
list of rows, `[{"Role": "admin"}, ...]`. Only for a verified address, since anybody can sign up with another's. When
the service fails the rule does, and `on_failure` says what that means.

Needs the configuration `ROLES_API_URL` and `ROLES_API_TOKEN`, and that host among the tenant's `allowed_hosts`.
"""


def rule(user, context):
    email = user.get("email")
    if not email or user.get("email_verified") is not True:
        return
    answer = http.get(
        configuration.ROLES_API_URL,
        params={"email": email},
        headers={"Authorization": f"Bearer {configuration.ROLES_API_TOKEN}"},
        timeout=1,
    )
    answer.raise_for_status()
    context.idToken["https://example.com/roles"] = [row["Role"] for row in answer.json()]
