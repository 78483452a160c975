# passes: harmless
def rule(user, context):
    import re
    re.sub('a', lambda m: context.idToken.update(admin=True) or '', 'a')
    sorted([1, 2], key=lambda x: context.idToken.setdefault('n', x))
