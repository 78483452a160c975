# raises: E: x
def rule(user, context, callback):
    class E(Exception):
        def __str__(self):
            context.idToken.admin = True
            return 'x'
    raise E()
