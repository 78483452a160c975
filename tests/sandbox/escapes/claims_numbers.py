# passes: harmless
def rule(user, context):
    t = context.idToken
    t.a, t.b, t.c, t.d = -0.0, 1e308, 5e-324, 2 ** 64 - 1
    t.e, t.f, t.g = 2 ** 64, -(2 ** 63) - 1, float('nan')
