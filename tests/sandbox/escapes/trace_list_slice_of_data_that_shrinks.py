# raises: ValueError
def rule(user, context):
    l = context.idToken.l = [0] * 100
    class I:
        def __iter__(self):
            l.clear()
            return iter(range(50))
    l[::2] = I()
