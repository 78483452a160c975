# refused: syntax_not_allowed
async def f(user):
    async for x in user:
        pass
def rule(user, context):
    pass
