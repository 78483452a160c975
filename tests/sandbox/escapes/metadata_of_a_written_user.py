# raises: ValueError
def rule(user, context):
    user.user_id = "auth0|other"
    auth0.users.updateAppMetadata("auth0|other", {"admin": True})
