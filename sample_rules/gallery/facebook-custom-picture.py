"""A large picture from Facebook

Its address is made of the person's number there: nothing is called. The claim `picture` takes the place of the small
one.
"""


def rule(user, context):
    if context.get("connection") != "facebook":
        return
    for identity in user.get("identities") or []:
        if identity.get("connection") == "facebook":
            number = identity["user_id"]
            context.idToken["picture"] = f"https://graph.facebook.com/v2.5/{number}/picture?type=large"
            return
