# raises: TypeError
def rule(user, context):
    import json
    class D:
        def keys(self):
            return ['a']
        def items(self):
            return [('a', 1)]
    json.dumps(D())
