# stops: exhausted
def rule(user, context):
    for i in range(3000):
        try:
            context.idToken.x = i
        except Exception:
            pass
