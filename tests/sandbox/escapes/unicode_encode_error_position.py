# raises: AssertionError
def rule(user, context):
    text = str(UnicodeEncodeError('x', 'abc', -4000, -3999, 'r'))
    context.idToken.loot = text
    assert 'position' in text
