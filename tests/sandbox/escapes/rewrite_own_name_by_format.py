# raises: AttributeError
import json
def rule(user, context):
    context.idToken.loot = '{0._default_decoder}'.format(json)
