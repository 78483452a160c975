# stops: exhausted or stops: limit
def rule(user, context):
    t = []
    for i in range(200_000):
        t = [t]
    context.idToken.x = t
