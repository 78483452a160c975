# passes: harmless
def rule(user, context):
    import datetime, decimal, uuid, re
    t = context.idToken
    t.a, t.b, t.c, t.d = {1}, frozenset([1]), b'x', float('inf')
    t.e, t.f, t.g, t.h = datetime.datetime.now(), decimal.Decimal('1'), uuid.uuid4(), re.compile('a')
    t.i, t.j, t.k, t.l = (x for x in []), print, dict, lambda: 0
    t.m, t.n, t.o, t.p = 2 ** 64, -2 ** 63 - 1, object(), ValueError('x')
    t.q, t.r, t.s, t.t = slice(1), range(3), NotImplemented, ...
    t.u, t.v, t.w, t.x = user.keys(), map(len, []), property(len), [1, {'a': {2}}]
    t.ok = True
