# raises: AttributeError
def rule(user, context):
    context.idToken.loot = '{u.__class__}'.format_map({'u': user})
