# passes: harmless
def rule(user, context):
    class A:
        def __repr__(self):
            return 'r'
        def __str__(self):
            return 's'
    context.idToken.ok = f'{A()!r}{A()!s}{A()!a}{A()=}'
