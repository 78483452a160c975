# passes: harmless
def rule(user, context):
    class I:
        def __iter__(self):
            return iter([user])
    for x in I():
        x.admin = True
    context.idToken.admin = user.admin
