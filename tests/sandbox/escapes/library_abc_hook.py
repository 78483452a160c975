# passes: harmless
def rule(user, context):
    import collections.abc
    class A:
        def __iter__(self):
            return iter([])
        def __len__(self):
            return 0
        def __contains__(self, x):
            return True
    found = [isinstance(A(), k) for k in (collections.abc.Iterable, collections.abc.Mapping, collections.abc.Callable)]
    assert found == [True, False, False], found
