# raises: AttributeError
def rule(user, context):
    import hashlib
    getattr(hashlib, 'algorithms_available').clear()
