# raises: TypeError
def rule(user, context):
    class E(Exception):
        def __init__(self):
            raise TypeError('made')
    raise E
