# stops: limit or passes: harmless or stops: died or raises: TypeError
# CPython before 3.12.5 reads an item here that is freed already.
def rule(user, context):
    class E:
        def __lt__(self, other):
            other.clear()
            return NotImplemented
    a = [[E()]]
    a[0] < a
