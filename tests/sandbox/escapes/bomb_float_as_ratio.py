# passes: harmless
def rule(user, context):
    context.idToken.ok = len(str((1.7e308).as_integer_ratio()[0]))
