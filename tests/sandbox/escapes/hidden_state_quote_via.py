# passes: harmless
import urllib.parse
def rule(user, context):
    class Q:
        def __call__(self, text, safe, encoding=None, errors=None):
            return 'x'
    context.idToken.ok = urllib.parse.urlencode({'a': 1}, quote_via=Q())
