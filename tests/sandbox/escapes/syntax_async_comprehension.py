# refused: syntax_not_allowed or refused: syntax_error
async def f():
    return [x async for x in user]
def rule(user, context):
    pass
