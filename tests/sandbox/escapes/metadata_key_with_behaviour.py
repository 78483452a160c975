# raises: ValueError
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
    auth0.users.updateUserMetadata(user.user_id, {K(): 1})
