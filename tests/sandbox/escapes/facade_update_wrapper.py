# refused: import_not_allowed
def rule(user, context):
    from functools import update_wrapper
