"""A contact in HubSpot, on a contact list

At the first login that succeeds in it: `app_metadata` remembers how far it came, and a later login takes it up there.
HubSpot's failures cost nobody a login. Settings: `HUBSPOT_API_KEY` (an access token of a private app),
`HUBSPOT_NEW_MEMBER_LIST_ID`. Allowed host: `api.hubapi.com`.

The key is in a header, where Auth0's rule had it in the address; and the login waits for HubSpot here.
"""

CONTACTS = "https://api.hubapi.com/contacts/v1"


def rule(user, context):
    metadata = user.get("app_metadata") or {}
    if metadata.get("hubSpotContactAddedToList") or not user.get("email"):
        return
    if metadata.get("hubSpotContactCreated"):
        done = {}
    else:
        done = create_contact(user)
    contact = done.get("hubSpotContactId") or metadata.get("hubSpotContactId")
    if contact:
        done["hubSpotContactAddedToList"] = add_to_list(contact)
    user.app_metadata = {**metadata, **done}
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
