# passes: harmless
def rule(user, context):
    class M:
        def get(self, key, default=None):
            return user
        def keys(self):
            return ['a']
        def __getitem__(self, key):
            return user
        def __len__(self):
            return 1
    match M():
        case {'a': x} | [x]:
            assert False
        case _:
            context.idToken.ok = True
