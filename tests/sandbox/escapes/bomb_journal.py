# stops: exhausted
def rule(user, context):
    for i in range(1500):
        context.idToken.x = 'y' * 8000
