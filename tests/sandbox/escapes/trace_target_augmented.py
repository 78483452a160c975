# passes: harmless
def rule(user, context):
    context.idToken.l = [1]
    context.idToken.l += [2]
    context.idToken['l'] *= 2
    context.idToken.n = 1
    context.idToken.n <<= 3
    context.idToken.d = {}
    context.idToken.d |= {'admin': True}
    m = context.idToken.d
    m |= [('root', True)]
