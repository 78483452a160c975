# refused: name_not_allowed
def rule(user, context):
    class Descriptor:
        def __get__(self, holder, kind):
            return kind
    class A:
        x = Descriptor()
    class B(A):
        def f(self):
            return super().x
    context.idToken.loot = str(B().f())
