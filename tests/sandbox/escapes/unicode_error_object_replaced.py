# raises: TypeError
# With its `object` replaced by a number, CPython's UnicodeEncodeError reads it as if it were text.
def rule(user, context):
    class E(UnicodeEncodeError):
        pass
    e = E('ascii', 'x', 0, 1, 'r')
    e.object = 1 << 200
    e.start = 10 ** 6
    e.end = 10 ** 6 + 1
    context.idToken.loot = str(e)
    raise TypeError(str(e.args))
