# stops: timed_out
def rule(user, context):
    class E(Exception):
        def __eq__(self, other):
            return True
    while True:
        try:
            while True:
                pass
        except (E, Exception):
            pass
