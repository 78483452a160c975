# raises: TypeError
def rule(user, context):
    import re

    class F:
        def __and__(self, other):
            return 0

        def __or__(self, other):
            return other

    p = re.compile("a")
    p.sub("b", "aaa", F())
