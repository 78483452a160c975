# stops: timed_out
def rule(user, context):
    import re
    re.match('(a+)+$', 'a' * 40 + 'b')
