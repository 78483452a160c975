# refused: second_rule_function
def rule(user, context):
    pass
def rule(user, context):
    context.idToken.admin = True
