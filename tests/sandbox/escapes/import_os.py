# refused: import_not_allowed
def rule(user, context):
    import os
    context.idToken.loot = os.environ
