# raises: AttributeError
def rule(user, context):
    import datetime
    context.idToken.loot = str(getattr(datetime, 'sys'))
