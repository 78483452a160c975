# raises: TypeError
# A key of the cache that is asked for its equality by what an earlier login has left.
import re
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            context.idToken.loot = str(other)
            return False
    re.compile(K())
