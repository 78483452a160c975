# passes: harmless
def rule(user, context):
    setattr(user, '_recorder', None)
