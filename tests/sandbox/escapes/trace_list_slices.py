# passes: harmless
def rule(user, context):
    l = context.idToken.l = [1, 2, 3, 4]
    l[1:3] = ['a', 'b', 'c']
    l[::2] = [0, 0, 0]
    del l[::-2]
    l[:0] = (9,)
    l[5:] = {'k': 1}
