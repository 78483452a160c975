# passes: harmless
def rule(user, context):
    def keep(x, kept=[]):
        kept.append(x)
        return kept
    context.idToken.loot = keep(len(user))
