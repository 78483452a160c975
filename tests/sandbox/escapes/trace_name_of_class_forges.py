# passes: harmless
def rule(user, context):
    class admin:
        def __repr__(self):
            return '"}]'
    context.idToken.x = admin()
    context.idToken.y = '<admin>'
