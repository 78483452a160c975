# passes: harmless
def rule(user, context):
    context.idToken['__proto__'] = {'admin': True}
    context.idToken['constructor'] = {'prototype': {'admin': True}}
