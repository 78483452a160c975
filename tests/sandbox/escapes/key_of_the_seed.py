# raises: AttributeError
def rule(user, context):
    import random
    for name in ('seed', '_key', '_pool', '_count', '__self__', '_take', '_draw', '_seed'):
        assert not hasattr(random, name) and not hasattr(random.random, name)
    random.random._key
