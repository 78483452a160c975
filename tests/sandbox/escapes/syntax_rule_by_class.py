# raises: TypeError or refused: second_rule_function
def rule(user, context):
    pass
class rule:
    pass
