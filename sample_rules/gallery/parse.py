"""A session of a Parse server for the application

Logs the person in there, or makes them an account at the first login, and puts the session's token into the ID token.
Parse's own service has ended; whoever runs a Parse server puts its address here.

Needs the configuration `PARSE_URL` (such as `https://parse.example.com/1`), `PARSE_APP_ID`, `PARSE_REST_API_KEY` and
`PARSE_PASSWORD_SECRET`, and that host among the tenant's `allowed_hosts`. Unlike Auth0's template, which gave all
accounts one password, each has its own: an HMAC of the name with that secret.
"""

import hmac


def rule(user, context):
    url = configuration.PARSE_URL
    headers = {
        "X-Parse-Application-Id": configuration.PARSE_APP_ID,
        "X-Parse-REST-API-Key": configuration.PARSE_REST_API_KEY,
    }
    secret = configuration.PARSE_PASSWORD_SECRET.encode()
    account = {
        "username": user.user_id,
        "password": hmac.new(secret, user.user_id.encode(), "sha256").hexdigest(),
    }
    answer = http.post(f"{url}/login", json=account, headers=headers, timeout=1)
    if answer.status_code == 404:
        answer = http.post(f"{url}/users", json=account, headers=headers, timeout=1)
    answer.raise_for_status()
    context.idToken["https://example.com/parse_session_token"] = answer.json()["sessionToken"]
