# stops: exhausted or stops: timed_out
def rule(user, context):
    l = []
    for i in range(60):
        l = [l, l]
    context.idToken.l = l
