# passes: harmless
def rule(user, context):
    class M:
        def keys(self):
            return ['admin', 'b']
        def __getitem__(self, key):
            if key == 'b':
                raise ValueError
            return True
    try:
        context.idToken |= M()
    except ValueError:
        pass
