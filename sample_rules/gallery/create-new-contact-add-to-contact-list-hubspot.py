"""A contact in HubSpot, on a contact list

Once: `app_metadata` remembers how far it came, and after a failure the next login takes it up there. Refreshed tokens,
silent logins and the way back from a page are no logins. When HubSpot does not answer the login goes on, with a line in
the trace. The answers are waited for, where Auth0's template left the calls behind; and the key is in a header, not in
the address.

Needs the configuration `HUBSPOT_API_KEY` (the access token of a private app) and `HUBSPOT_NEW_MEMBER_LIST_ID`, and
`api.hubapi.com` among the tenant's `allowed_hosts`.
"""

CONTACTS = "https://api.hubapi.com/contacts/v1"


def is_new_login(context):
    query = (context.get("request") or {}).get("query") or {}
    again = context.get("protocol") in ("oauth2-refresh-token", "redirect-callback")
    return not again and query.get("prompt") != "none"


def rule(user, context):
    metadata = user.get("app_metadata") or {}
    if metadata.get("hubSpotContactAddedToList") or not user.get("email") or not is_new_login(context):
        return
    contact = metadata.get("hubSpotContactId")
    done = {} if contact else create_contact(user)
    contact = done.get("hubSpotContactId", contact)
    if contact:
        done["hubSpotContactAddedToList"] = add_to_list(contact)
    user.app_metadata = metadata | done
    auth0.users.update_app_metadata(user.user_id, done)


def create_contact(user):
    names = {"email": "email", "firstname": "given_name", "lastname": "family_name"}
    known = [{"property": name, "value": user[field]} for name, field in names.items() if user.get(field)]
    answer = post("contact/", {"properties": known})
    if answer is None:
        return {"hubSpotContactCreated": False}
    return {"hubSpotContactCreated": True, "hubSpotContactId": answer["vid"]}


def add_to_list(contact):
    return post(f"lists/{configuration.HUBSPOT_NEW_MEMBER_LIST_ID}/add", {"vids": [contact]}) is not None


def post(path, body):
    headers = {"Authorization": f"Bearer {configuration.HUBSPOT_API_KEY}"}
    try:
        answer = http.post(f"{CONTACTS}/{path}", headers=headers, json=body, timeout=0.8)
        answer.raise_for_status()
    except http.Error as error:
        print(f"HubSpot: {error}")
        return None
    return answer.json()
