# passes: harmless
def rule(user, context):
    class A:
        def __iadd__(self, other):
            context.idToken.added = other
            return user.app_metadata.roles
        def __isub__(self, other):
            return context.idToken
        def __pow__(self, other, mod=None):
            return user
        def __abs__(self):
            return context
        def __rmul__(self, other):
            return user.permissions
        def __rsub__(self, other):
            return context.accessToken
        def __reversed__(self):
            return iter([user.app_metadata])
    a = A()
    a += 1
    a.append('root')
    b = A()
    b -= 1
    b.admin = True
    (A() ** 2).email = 'x'
    abs(A()).kept = 1
    (2 * A()).append('all')
    (2 - A()).admin = True
    for d in reversed(A()):
        d.level = 99
    context.idToken.roles = [user.app_metadata.roles, user.permissions]
    context.idToken.a = A()
    context.idToken.a += 1
    context.idToken['l'] = [A()]
    context.idToken['l'][0] += 1
    context.idToken.l.clear()
