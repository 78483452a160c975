# passes: harmless
# A read-only view compares what is behind it, and hands that to the other side.
def rule(user, context):
    import re
    class K:
        def __eq__(self, other):
            if type(other) is dict:
                other['b'] = 1
            return True
        def __or__(self, other):
            return other
    p = re.compile('(?P<a>x)')
    p.groupindex == K()
    K() == p.groupindex
    assert 'b' not in p.groupindex
