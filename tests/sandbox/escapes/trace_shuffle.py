# passes: harmless
def rule(user, context):
    import random
    l = context.idToken.l = list(range(20))
    random.shuffle(l)
    class L:
        def __len__(self):
            return 3
        def __getitem__(self, i):
            return context.idToken.l[i]
        def __setitem__(self, i, value):
            context.idToken.l[i] = value
    random.shuffle(L())
