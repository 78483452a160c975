# refused: second_rule_function or passes: harmless or raises: TypeError or raises: KeyError
def rule(user, context):
    pass
try:
    1 / 0
except ZeroDivisionError as rule:
    pass
