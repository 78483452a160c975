# refused: name_not_allowed
def rule(user, context):
    def f():
        nonlocal _getattr_
        _getattr_ = print
