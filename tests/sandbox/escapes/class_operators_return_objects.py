# passes: harmless
def rule(user, context):
    class A:
        def __add__(self, other):
            return self
        def __radd__(self, other):
            return 'x'
        def __sub__(self, other):
            return user
        def __mul__(self, other):
            return context
        def __truediv__(self, other):
            return 1
        def __floordiv__(self, other):
            return 1
        def __mod__(self, other):
            return 1
        def __neg__(self):
            return 1
        def __and__(self, other):
            return 1
        def __or__(self, other):
            return 1
        def __xor__(self, other):
            return 1
        def __gt__(self, other):
            return 'yes'
        def __ge__(self, other):
            return 'yes'
        def __le__(self, other):
            return 'yes'
        def __lt__(self, other):
            return 'yes'
        def __ne__(self, other):
            return 'yes'
    a = A()
    context.idToken.ok = [1 + a, (a - 1).email, (a * 1).clientID, a / 1, a // 1, a % 1, -a, a & 1, a | 1, a ^ 1]
    context.idToken.also = [a > 1, a >= 1, a < 1, a <= 1, a != 1, sum([a, a], start=a) is a]
    assert not hasattr(a @ 1 if False else a, '__matmul__')
