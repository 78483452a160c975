# raises: the rule ended without calling
def rule(user, context, callback):
    pass
