# refused: name_not_allowed
def rule(user, context):
    def f(_getattr＿):
        return user.a
    f(print)
