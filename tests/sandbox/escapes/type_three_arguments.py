# raises: TypeError
def rule(user, context):
    type('A', (object,), {'__getattr__': print})
