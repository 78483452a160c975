# raises: TypeError
def rule(user, context):
    type(user)(type(type(user)))
    type(type(user).fromkeys)
