# passes: harmless
def rule(user, context):
    import functools, json
    @functools.wraps(json.dumps)
    def f():
        return user
    assert functools.wraps(f)(json.loads) is json.loads
