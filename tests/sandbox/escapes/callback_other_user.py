# raises: `callback` was given another `user`
def rule(user, context, callback):
    callback(None, {'user_id': 'auth0|root'}, context)
