# raises: `context.idToken` must stay a dict
def rule(user, context):
    class T:
        def __getitem__(self, key):
            return 'admin'
        def keys(self):
            return ['sub']
    context.idToken = T()
