"""A lead in Salesforce at the first login

Made once, which `app_metadata.recordedAsLead` remembers. Refreshed tokens, silent logins and the way back from a page
are no logins. When Salesforce does not answer the login goes on, with a line in the trace, where Auth0's template sent
a message to Slack. The answers are waited for, where it left the calls behind.

Needs the configuration `SALESFORCE_CLIENT_ID`, `SALESFORCE_CLIENT_SECRET`, `SALESFORCE_USERNAME` and
`SALESFORCE_PASSWORD`, and `login.salesforce.com` and the host of your instance among the tenant's `allowed_hosts`.
"""

LOGIN = "https://login.salesforce.com/services/oauth2/token"
LEADS = "/services/data/v20.0/sobjects/Lead"
COMPANY = "Web channel signups"


def is_new_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    return not again and query.get("prompt") != "none"


def rule(user, context):
    metadata = user.get("app_metadata") or {}
    if metadata.get("recordedAsLead") or not is_new_login(context):
        return
    try:
        create_lead(user.get("name") or user.user_id)
    except http.Error as error:
        print(f"Salesforce: {error}")
        return
    user.app_metadata = metadata | {"recordedAsLead": True}
    auth0.users.update_app_metadata(user.user_id, {"recordedAsLead": True})


def create_lead(name):
    credentials = {
        "grant_type": "password",
        "client_id": configuration.SALESFORCE_CLIENT_ID,
        "client_secret": configuration.SALESFORCE_CLIENT_SECRET,
        "username": configuration.SALESFORCE_USERNAME,
        "password": configuration.SALESFORCE_PASSWORD,
    }
    login = http.post(LOGIN, data=credentials, timeout=0.8)
    login.raise_for_status()
    session = login.json()
    lead = http.post(
        session["instance_url"] + LEADS,
        headers={"Authorization": f"OAuth {session['access_token']}"},
        json={"LastName": name, "Company": COMPANY},
        timeout=0.8,
    )
    lead.raise_for_status()
