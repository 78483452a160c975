# passes: harmless
def rule(user, context):
    import copy
    l = []
    l.append(l)
    l.append((l, {'l': l}))
    assert copy.deepcopy(l)[0] is not l
