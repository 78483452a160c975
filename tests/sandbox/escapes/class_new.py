# refused: name_not_allowed
def rule(user, context):
    class A:
        def __new__(cls):
            return user
