# refused: name_not_allowed
def rule(user, context):
    class A:
        def __init_subclass__(cls):
            pass
