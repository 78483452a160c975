# refused: unknown_member
def rule(user, context):
    import random
    random.seed(1)
