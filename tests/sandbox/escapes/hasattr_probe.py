# raises: AssertionError
def rule(user, context):
    assert hasattr((), '__class__')
