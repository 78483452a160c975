# raises: AttributeError
def rule(user, context):
    class E(Exception):
        pass
    E().with_traceback(None)
