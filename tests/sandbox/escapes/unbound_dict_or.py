# refused: attribute_not_allowed
def rule(user, context):
    dict.__ior__(context.idToken, {'a': 1})
