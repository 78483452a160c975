# stops: limit
def rule(user, context):
    import re
    re.sub('(x+x+)+y', '', 'x' * 50)
