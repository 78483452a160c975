# passes: harmless
def rule(user, context):
    print('\ud800\udfff')
