# refused: name_not_allowed
def rule(user, context):
    class A:
        class __init_subclass__:
            pass
