# passes: harmless
def rule(user, context):
    import collections
    inner = []
    context.idToken.l = [(collections.OrderedDict(a=inner),)]
    inner.append('admin')
