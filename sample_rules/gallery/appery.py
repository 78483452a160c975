"""A session with Appery.io

Logs the person in there by the email address, and signs them up where Appery.io does not know them (404). Settings:
`APPERYIO_DATABASE_ID`, `APPERYIO_PASSWORD_SECRET`. Allowed host: `api.appery.io`. Any other answer fails the rule;
Auth0's never ended then.
"""

DATABASE = "https://api.appery.io/rest/1/db"
NAMESPACE = "https://example.com/"


def rule(user, context):
    headers = {"X-Appery-Database-Id": configuration.APPERYIO_DATABASE_ID}
    credentials = {"username": user.get("email"), "password": configuration.APPERYIO_PASSWORD_SECRET}
    answer = http.get(f"{DATABASE}/login", params=credentials, headers=headers, timeout=1)
    if answer.status_code == 404:
        print("not found")
        answer = http.post(f"{DATABASE}/users", json=credentials, headers=headers, timeout=1)
    answer.raise_for_status()
    session = answer.json()
    context.idToken[NAMESPACE + "apperyio_session_token"] = session["sessionToken"]
    context.idToken[NAMESPACE + "apperyio_user_id"] = session["_id"]
