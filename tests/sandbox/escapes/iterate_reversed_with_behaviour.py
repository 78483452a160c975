# passes: harmless
def rule(user, context):
    class R:
        def __len__(self):
            return 3
        def __getitem__(self, i):
            context.idToken['i' + str(i)] = i
            return i
    for i in reversed(R()):
        pass
    context.idToken.ok = [list(x) for x in (zip([1], [2]), enumerate([1]), map(abs, [-1]), filter(None, [0, 1]))]
