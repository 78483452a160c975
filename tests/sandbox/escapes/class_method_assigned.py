# refused: name_not_allowed
def rule(user, context):
    class A:
        __eq__ = print
