# refused: import_not_allowed
def rule(user, context):
    import inspect
    inspect.currentframe().f_back
