# raises: KeyError
def rule(user, context):
    import re
    re.sub('a', lambda m: user['nope'], 'abc')
