# raises: AttributeError
import random
def rule(user, context):
    getattr(random.random, '__self__')
