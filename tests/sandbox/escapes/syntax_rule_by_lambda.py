# refused: no_rule_function
rule = lambda user, context: 1
