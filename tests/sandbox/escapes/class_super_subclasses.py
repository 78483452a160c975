# refused: attribute_not_allowed
def rule(user, context):
    class A:
        def f(self):
            return super().__subclasshook__
