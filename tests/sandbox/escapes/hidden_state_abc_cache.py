# passes: harmless
import collections
def rule(user, context):
    class K:
        def __iter__(self):
            return iter([user.email])
    c = collections.Counter()
    try:
        c.update(K())
    except Exception:
        pass
