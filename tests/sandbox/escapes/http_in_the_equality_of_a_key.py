# raises: TypeError or passes: harmless or stops: exhausted
def rule(user, context):
    class Key:
        def __hash__(self):
            return hash_of
        def __eq__(self, other):
            http.get('https://h/')
            return False
    hash_of = 1
    d = {Key(): 1}
    context.idToken.a = len(d)
