# passes: harmless
def rule(user, context):
    l = context.idToken.l = [1, 2, 3, 4]
    for x in l:
        l.remove(x)
