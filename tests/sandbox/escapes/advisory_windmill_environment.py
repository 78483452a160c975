# refused: import_not_allowed
def rule(user, context):
    from os import environ
    context.idToken.loot = environ.get('CLAIMSMITH_SECRET')
