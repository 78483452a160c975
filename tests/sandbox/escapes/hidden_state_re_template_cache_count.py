# raises: TypeError
import re
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
    re.compile('a').subn(K(), 'a')
