# raises: AttributeError
def rule(user, context):
    import functools
    context.idToken.loot = str(functools.reduce(getattr, ['__class__', '__base__', '__subclasses__'], ()))
