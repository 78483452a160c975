# raises: AttributeError
def rule(user, context):
    import random
    getattr(random, 'SystemRandom')
