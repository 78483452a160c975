# passes: harmless
def rule(user, context):
    import re
    got = []
    class F:
        def __eq__(self, other):
            got.append(other)
            return True
    assert list(re.compile('(?P<shared>a)').groupindex) == ['shared']
    re.compile('(?P<shared>a)').groupindex == F()
    got.append(re.compile('(?P<shared>a)').groupindex)
    for d in got:
        d[user.email] = 1
    assert list(re.compile('(?P<shared>a)').groupindex) == ['shared']
