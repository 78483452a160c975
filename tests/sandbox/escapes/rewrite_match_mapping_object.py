# passes: harmless
def rule(user, context):
    class Mapping:
        def __getitem__(self, key):
            return 1
        def get(self, key, default=None):
            context.idToken.loot = str(default)
            return default
        def keys(self):
            return ['a']
    match Mapping():
        case {'a': x}:
            context.idToken.loot = 'matched'
