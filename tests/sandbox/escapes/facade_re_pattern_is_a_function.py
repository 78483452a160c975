# raises: TypeError
def rule(user, context):
    import re
    re.sub(lambda m: user.email, 'a', 'aaa')
