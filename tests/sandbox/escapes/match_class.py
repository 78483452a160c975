# refused: syntax_not_allowed
def rule(user, context):
    match user:
        case object(__class__=c):
            context.idToken.loot = str(c)
