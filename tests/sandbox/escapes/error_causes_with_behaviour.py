# stops: limit or raises: ValueError
def rule(user, context):
    class E(Exception):
        def __str__(self):
            while True:
                pass
    try:
        raise E()
    except E:
        raise ValueError('x')
