# refused: name_not_allowed
def rule(user, context):
    def _super_(*a):
        return user
    class A:
        def f(self):
            return super().x
