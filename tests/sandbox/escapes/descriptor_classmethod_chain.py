# passes: harmless or raises: TypeError or raises: AttributeError
def rule(user, context):
    class A:
        x = classmethod(property(lambda cls: cls))
        y = classmethod(classmethod(lambda *a: a))
    for f in (lambda: A.x, lambda: A().y()):
        try:
            f()
        except (TypeError, AttributeError):
            pass
