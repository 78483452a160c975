# stops: limit
def rule(user, context):
    import re
    re.match('(a|aa)+$', 'a' * 60 + 'b')
