# denies: False
def rule(user, context, callback):
    callback(False, user, context)
