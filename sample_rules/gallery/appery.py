"""A session with Appery.io

Logs the person in there by the email address, and signs them up where Appery.io does not know them (404). After any
other answer the rule fails; Auth0's template never ended then.

Needs the configuration `APPERYIO_DATABASE_ID` and `APPERYIO_PASSWORD_SECRET`, and `api.appery.io` among the tenant's
`allowed_hosts`. All accounts there have that one password, as in Auth0's template: `parse` shows how to give each its
own.
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
