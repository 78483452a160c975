# refused: syntax_not_allowed
def rule(user, context):
    async def f():
        pass
    f().cr_frame
