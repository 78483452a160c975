# refused: syntax_not_allowed
async def f(user):
    async with user as x:
        await x
def rule(user, context):
    pass
