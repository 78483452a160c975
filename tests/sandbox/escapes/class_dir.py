# refused: name_not_allowed
def rule(user, context):
    class A:
        def __dir__(self):
            return []
