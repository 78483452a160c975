# raises: AttributeError
def rule(user, context):
    import time
    getattr(time, 'sleep')(1)
