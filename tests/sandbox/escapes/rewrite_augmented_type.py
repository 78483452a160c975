# raises: TypeError
def rule(user, context):
    class Text:
        def __radd__(self, other):
            return other
    str.upper += Text()
