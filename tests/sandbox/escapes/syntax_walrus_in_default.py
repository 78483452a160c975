# refused: name_not_allowed
def rule(user, context):
    def f(x=(_write_ := print)):
        user.a = 1
    f()
