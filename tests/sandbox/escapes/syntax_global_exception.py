# stops: limit
# `except Exception` with another Exception: the bare one is the sandbox's.
def rule(user, context):
    global Exception
    Exception = object
    while True:
        try:
            while True:
                pass
        except:
            pass
