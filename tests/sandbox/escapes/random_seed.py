# raises: AttributeError
def rule(user, context):
    import random
    random.seed(1)
