# raises: TypeError
def rule(user, context):
    import string
    class F:
        def join(self, parts):
            return parts
    string.capwords('a b', F())
