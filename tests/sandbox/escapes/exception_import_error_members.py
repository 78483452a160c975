# raises: AttributeError
def rule(user, context):
    e = ImportError('x', name='os', path='CANARY_FILE')
    context.idToken.loot = e.path
