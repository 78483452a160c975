# raises: AttributeError
def rule(user, context):
    user.get = lambda name: 'forged'
