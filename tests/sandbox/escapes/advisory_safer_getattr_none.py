# raises: AttributeError
# `safer_getattr` answered None for what is missing.
def rule(user, context):
    assert getattr(user, 'nope') is None
