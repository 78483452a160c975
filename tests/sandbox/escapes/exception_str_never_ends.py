# stops: timed_out
def rule(user, context):
    class E(Exception):
        def __str__(self):
            while True:
                pass
    raise E()
