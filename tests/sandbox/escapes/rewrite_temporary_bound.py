# refused: name_not_allowed
def rule(user, context):
    user['a'] = 1
    def f(_tmp0):
        user['a'] += _tmp0
    f(print)
