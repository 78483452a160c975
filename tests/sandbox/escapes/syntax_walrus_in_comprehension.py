# refused: name_not_allowed
def rule(user, context):
    [(_getattr_ := x) for x in [print]]
    user.a
