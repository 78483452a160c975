# raises: AttributeError
# smolagents: `random._os.system`.
def rule(user, context):
    import random
    getattr(random, '_os').system('true')
