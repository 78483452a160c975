# refused: syntax_not_allowed
def rule(user, context):
    async def f():
        yield 1
    f().ag_frame
