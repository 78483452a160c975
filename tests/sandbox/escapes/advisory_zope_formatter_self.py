# raises: AttributeError
# Our own formatter is behind `str.format`: nothing of it is in reach.
def rule(user, context):
    f = 'x'.format
    for name in ('__closure__', '__self__', '__globals__', '__code__', '__defaults__', '__func__'):
        assert not hasattr(f, name)
    f.vformat
