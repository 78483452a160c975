# raises: AttributeError
import time
def rule(user, context):
    getattr(time, 'mono' + 'tonic')()
