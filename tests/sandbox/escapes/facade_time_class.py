# raises: TypeError
def rule(user, context):
    import time
    type(time.gmtime())
