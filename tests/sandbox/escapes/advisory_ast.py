# refused: import_not_allowed
def rule(user, context):
    import ast
    ast.literal_eval('1')
