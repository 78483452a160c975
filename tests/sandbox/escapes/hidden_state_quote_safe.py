# raises: TypeError
import urllib.parse
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
        def __radd__(self, other):
            return self
    urllib.parse.urlencode({'a': 1}, safe=K())
