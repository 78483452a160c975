# passes: harmless
def rule(user, context):
    assert type(user) is dict and type(context) is dict and type(user.permissions) is list
