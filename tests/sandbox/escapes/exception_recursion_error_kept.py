# raises: AssertionError
def rule(user, context):
    class E(RecursionError):
        pass
    def f():
        f()
    try:
        f()
    except RecursionError as e:
        kept = getattr(e, 'kept', None)
        assert kept is not None
