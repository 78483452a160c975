# raises: AttributeError
def rule(user, context):
    import random
    getattr(random, 'seed')(1)
