# raises: AttributeError
import uuid
def rule(user, context):
    getattr(uuid, 'uuid1')()
