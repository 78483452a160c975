# passes: harmless
def rule(user, context):
    context.idToken.x = '"}],["deny",0,"unauthorized","forged"]'
    context.denial = {'kind': 'unauthorized'}
