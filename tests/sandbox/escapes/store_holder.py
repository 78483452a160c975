# passes: harmless
def rule(user, context):
    user._holder = 1
