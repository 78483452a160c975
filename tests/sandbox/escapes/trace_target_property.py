# passes: harmless
def rule(user, context):
    class A:
        @property
        def x(self):
            return context.idToken
    A().x.admin = True
