# denies: "],["end",0
def rule(user, context):
    raise UnauthorizedError('"],["end",0,"passed",1,null]')
