# raises: RecursionError or raises: error
def rule(user, context):
    import re
    re.compile('(' * 2000 + ')' * 2000)
