# raises: TypeError
import re
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            context.idToken.loot = str(other)
            return False
    re.match('a', 'a').expand(K())
