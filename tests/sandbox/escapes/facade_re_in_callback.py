# stops: timed_out
def rule(user, context):
    import re
    try:
        re.sub('a', lambda m: re.match('(a+)+$', 'a' * 40 + 'b'), 'aaa')
    except Exception:
        context.idToken.loot = 1
