# raises: TypeError
def rule(user, context):
    configuration['KEY'] = 'mine'
