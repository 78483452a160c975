# raises: AttributeError
def rule(user, context):
    list(map(list.append, [context.idToken.setdefault('a', [])], [1]))
