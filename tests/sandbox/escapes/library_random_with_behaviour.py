# raises: TypeError or raises: ValueError or passes: harmless
def rule(user, context):
    import random
    class P:
        def __len__(self):
            return 3
        def __getitem__(self, i):
            return user
    random.choice(P()).admin = True
    random.sample(P(), 2)
