# raises: TypeError
def rule(user, context):
    class A:
        def mro(self):
            return (dict,)
    class B(A()):
        pass
