# raises: TypeError or refused: second_rule_function
def rule(user, context):
    pass
import json as rule
