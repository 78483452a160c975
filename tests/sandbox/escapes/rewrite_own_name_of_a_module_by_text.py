# raises: AttributeError
import random
def rule(user, context):
    context.idToken.loot = str(getattr(random, '_inst'))
