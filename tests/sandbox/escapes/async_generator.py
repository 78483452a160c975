# refused: syntax_not_allowed
def rule(user, context):
    async def f():
        return [y async for y in user]
