# refused: attribute_not_allowed
def rule(user, context):
    class Module:
        def f(self, m):
            return m.__members
    import json
    Module().f(json)
