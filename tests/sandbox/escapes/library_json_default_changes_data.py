# passes: harmless
def rule(user, context):
    import json
    class A:
        pass
    def default(o):
        context.idToken.admin = True
        return 'x'
    context.idToken.text = json.dumps({'a': A()}, default=default)
