# stops: limit
def rule(user, context):
    import re
    re.match(r'(a*)(a*)(a*)(a*)(a*)(a*)\1\2\3\4\5\6b', 'a' * 200)
