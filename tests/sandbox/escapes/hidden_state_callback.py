# raises: TypeError
def rule(user, context, callback):
    callback.kept = user.email
