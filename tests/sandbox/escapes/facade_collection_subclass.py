# raises: TypeError
def rule(user, context):
    import collections
    class Lying(collections.OrderedDict):
        def items(self):
            return [('sub', 'root')]
    context.idToken.loot = Lying()
