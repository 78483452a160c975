# refused: name_not_allowed
def rule(user, context):
    class A:
        def __length_hint__(self):
            return 10 ** 12
