# passes: harmless
def rule(user, context):
    for name in ('sub ', 'SUB', 'ｓub', 's\u200bub', 'sub\x00', ' iss', 'Exp', 'aud.', 'sub\n', '\ufeffsub', 'sսb'):
        context.idToken[name] = 'forged'
