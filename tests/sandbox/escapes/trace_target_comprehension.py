# passes: harmless
def rule(user, context):
    [0 for context.idToken.admin in [False, True]]
    {0 for context.idToken['b'] in [1]}
    {0: 1 for context.idToken.c in [1]}
    list(0 for context.idToken.d in [1])
