# refused: name_not_allowed
def rule(user, context):
    def f(_tmp1):
        return _tmp1
