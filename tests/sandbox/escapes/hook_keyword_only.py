# refused: name_not_allowed
def rule(user, context):
    def f(*, _getitem_):
        return user['a']
    f(_getitem_=print)
