# raises: AttributeError
def rule(user, context):
    import urllib.parse
    context.idToken.loot = str(getattr(urllib.parse, 'sys'))
