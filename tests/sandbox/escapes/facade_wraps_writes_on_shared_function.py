# passes: harmless
def rule(user, context):
    import functools, json
    def mine():
        return user.email
    assert functools.wraps(mine)(json.loads) is json.loads
    assert not hasattr(json.loads, 'name')
