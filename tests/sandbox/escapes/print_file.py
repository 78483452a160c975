# raises: TypeError
def rule(user, context):
    class F:
        def write(self, text):
            pass
    print('x', file=F())
