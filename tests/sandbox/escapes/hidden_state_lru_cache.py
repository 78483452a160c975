# passes: harmless
import functools
@functools.lru_cache(maxsize=None)
def first(x):
    return current[0]
current = []
def rule(user, context):
    current.append(user.email)
    assert first('key') == user.email
    context.idToken.first = first('key')
