# passes: harmless
def rule(user, context):
    class A:
        pass
    assert '0x' not in repr(A()) + str([A()]) + f'{A()!r}{A()}' + '%r' % A() + ascii(A())
