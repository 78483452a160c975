# passes: harmless
def rule(user, context):
    calls = []
    def holder():
        calls.append(1)
        return context.idToken
    holder()['n'] = 1
    holder()['n'] += 1
    context.idToken.calls = len(calls)
