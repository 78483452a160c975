# passes: harmless
def make():
    seen = []
    def keep(x):
        seen.append(x)
        return seen
    return keep
keep = make()
def rule(user, context):
    assert keep(user.email) == [user.email]
