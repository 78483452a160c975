# raises: E
def rule(user, context):
    class E(Exception):
        def __str__(self):
            values.append(self)
            return 'x'
    values = []
    try:
        raise E()
    except E as first:
        raise E() from first
