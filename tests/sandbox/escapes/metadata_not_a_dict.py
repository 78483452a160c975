# raises: TypeError
def rule(user, context):
    auth0.users.updateUserMetadata(user.user_id, [('a', 1)])
