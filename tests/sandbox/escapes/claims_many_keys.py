# stops: exhausted
def rule(user, context):
    context.idToken.update({str(i): i for i in range(50_000)})
