# stops: exhausted
def rule(user, context):
    auth0.users.updateUserMetadata(user.user_id, {'x': 'y' * 10 ** 6})
