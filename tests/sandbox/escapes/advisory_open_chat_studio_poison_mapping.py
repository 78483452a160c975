# raises: AssertionError or raises: TypeError
# A compiled pattern is kept in a cache: its names must not be changed for the next login.
def rule(user, context):
    import re
    re.compile('(?P<a>x)').groupindex['b'] = 1
    assert 'b' in re.compile('(?P<a>x)').groupindex
