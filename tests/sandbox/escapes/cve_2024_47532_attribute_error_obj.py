# refused: unknown_member
def rule(user, context):
    import string
    try:
        string.nope
    except AttributeError as e:
        context.idToken.loot = str(e.obj)
