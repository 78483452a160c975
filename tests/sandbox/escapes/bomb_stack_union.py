# stops: limit or passes: harmless
def rule(user, context):
    u = int | str
    class A:
        pass
    for i in range(2000):
        u = u | A
    isinstance(1.5, u)
