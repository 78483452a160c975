# stops: timed_out
def rule(user, context):
    import re
    re.search('(x+x+)+y', 'x' * 20000)
