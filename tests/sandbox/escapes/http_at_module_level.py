# passes: harmless
got = http.get('https://h/').ok


def rule(user, context):
    context.idToken.a = got
