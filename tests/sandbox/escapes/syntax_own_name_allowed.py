# passes: harmless
_helper = lambda x: x
def rule(user, context):
    class A:
        def __init__(self):
            self._x = 1
    context.idToken._ok = _helper(A()._x)
