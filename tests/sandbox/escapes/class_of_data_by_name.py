# raises: AttributeError
def rule(user, context):
    # `.__class__` may stand before `.__name__`, and is known of a rule's objects and of exceptions only.
    context.idToken.loot = len.__class__.__name__
