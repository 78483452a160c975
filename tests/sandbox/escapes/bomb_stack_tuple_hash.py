# stops: limit or stops: died
def rule(user, context):
    t = ()
    for i in range(200_000):
        t = (t,)
    {t}
