# refused: name_not_allowed
def rule(user, context):
    __metaclass__ = print
    class A:
        pass
