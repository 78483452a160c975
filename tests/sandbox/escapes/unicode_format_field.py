# raises: AttributeError
def rule(user, context):
    context.idToken.loot = '{0._＿class＿＿}'.format(())
