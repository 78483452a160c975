# passes: harmless
def rule(user, context):
    class I:
        def __iter__(self):
            context.idToken.n = context.idToken.get('n', 0) + 1
            return iter([1, 2])
    any(I()), all(I()), sum(I()), min(I()), max(I()), sorted(I()), tuple(I()), set(I()), frozenset(I()), list(I())
    dict.fromkeys(I()), bytes(I()), [*I()], {**{'a': 1}}, divmod(7, 2), abs(-1), bin(1), oct(1), ord('a'), chr(97)
    callable(I()), hasattr(I(), 'x'), isinstance(I(), object), issubclass(I, object), hex(1), ascii('é'), pow(2, 2)
    a, b = I()
    round(1.5), next(iter(I())), len([1]), bool(1), float(1), format(1), repr(1), slice(1), range(1), delattr
