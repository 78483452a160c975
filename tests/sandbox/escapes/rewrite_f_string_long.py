# refused: attribute_not_allowed
def rule(user, context):
    x = 1
    context.idToken.loot = f'{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}{user.__class__}{x}{x}{x}{x}{x}{x}{x}{x}{x}{x}'
