# refused: name_not_allowed
def rule(user, context):
    def f(*_write_, **_inplacevar_):
        user.a = 1
    f()
