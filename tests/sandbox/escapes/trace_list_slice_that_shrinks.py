# raises: ValueError
# CPython 3.11 and 3.12 write behind the list's end here.
def rule(user, context):
    l = [0] * 1000
    def g():
        l.clear()
        for i in range(500):
            yield i
    l[::2] = g()
