# passes: harmless
def rule(user, context):
    context.idToken.l = [[1], [2], [3]]
    first, *others = context.idToken.l
    first.append('root')
    others[1].append('root')
    others.append('not there')
