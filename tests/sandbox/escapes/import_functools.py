# refused: import_not_allowed
def rule(user, context):
    from functools import reduce, partial, update_wrapper
    context.idToken.loot = reduce(getattr, ['__class__'], user)
