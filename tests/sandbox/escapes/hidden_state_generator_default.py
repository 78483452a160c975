# passes: harmless
def rule(user, context):
    def count(c=iter(range(10))):
        return next(c)
    assert count() == 0
