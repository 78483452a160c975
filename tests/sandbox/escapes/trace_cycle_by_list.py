# stops: exhausted
def rule(user, context):
    l = []
    context.idToken.l = l
    l.append(l)
