# refused: name_not_allowed
def rule(user, context):
    class A:
        def __set_name__(self, owner, name):
            pass
