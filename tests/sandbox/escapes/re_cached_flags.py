# raises: TypeError
def rule(user, context):
    import re
    class F:
        def __hash__(self):
            return 0
        def __eq__(self, other):
            return True
        def __and__(self, other):
            return 0
        def __or__(self, other):
            return other
    re.compile('secret-' + user.email, F())
