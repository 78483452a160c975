# passes: harmless
def rule(user, context):
    class Sequence:
        def __len__(self):
            return 3
        def __getitem__(self, key):
            return user
    match Sequence():
        case [loot, *_]:
            context.idToken.loot = 'matched'
        case [*_, loot]:
            context.idToken.loot = 'matched'
