# passes: harmless
def rule(user, context):
    class A:
        def __delitem__(self, key):
            del user[key]
    user.gone = 1
    a = A()
    del a['gone']
    assert 'gone' not in user
