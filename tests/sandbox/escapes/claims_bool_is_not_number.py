# passes: harmless
def rule(user, context):
    context.idToken.a = {1: 'a', True: 'b', 1.0: 'c', '1': 'd'}
