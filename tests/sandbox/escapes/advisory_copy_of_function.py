# passes: harmless
def rule(user, context):
    import copy
    for value in (print, len, user.get, (x for x in []), auth0, copy, dict, context.keys()):
        try:
            assert copy.copy(value) is value
        except TypeError:
            pass
    d = copy.deepcopy(user)
    d.admin = True
    assert 'admin' not in user
