# refused: syntax_not_allowed
async def rule(user, context):
    pass
