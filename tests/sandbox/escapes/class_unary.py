# raises: TypeError
def rule(user, context):
    class A:
        pass
    for f in (lambda: +A(), lambda: ~A(), lambda: -A(), lambda: A() << 1, lambda: A() >> 1, lambda: A() ** 2):
        try:
            f()
        except TypeError:
            continue
        assert False
    not A() and A() is A() and A() is not A() or A() in [A()] or A() not in {A()}
    +A()
