# stops: exhausted
def rule(user, context):
    l = []
    l.append(l)
    context.idToken.l = l
