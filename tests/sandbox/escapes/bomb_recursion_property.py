# raises: RecursionError
def rule(user, context):
    class A:
        @property
        def x(self):
            return self.x
    A().x
