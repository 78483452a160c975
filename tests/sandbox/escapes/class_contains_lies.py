# passes: harmless
def rule(user, context):
    class A:
        def __contains__(self, x):
            user.admin = True
            return 'yes'
        def __setitem__(self, key, value):
            context.idToken[key] = value
        def __getitem__(self, key):
            return user
    a = A()
    assert 'x' in a
    a['admin'] = True
    a['l'] = a[0].email
