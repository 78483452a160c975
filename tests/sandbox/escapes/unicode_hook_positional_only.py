# refused: name_not_allowed
def rule(user, context):
    (lambda _write＿, /: user.a)(print)
