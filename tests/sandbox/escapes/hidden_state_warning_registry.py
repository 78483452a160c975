# passes: harmless
import re
def rule(user, context):
    re.compile('[[a]')
    assert not hasattr(re, 'warnings')
