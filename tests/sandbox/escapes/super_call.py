# passes: harmless
def rule(user, context):
    class A:
        def f(self):
            return super().__init__
