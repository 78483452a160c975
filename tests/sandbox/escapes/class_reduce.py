# refused: name_not_allowed
def rule(user, context):
    class A:
        def __reduce__(self):
            return (print, ())
