# refused: import_not_allowed
def rule(user, context):
    from contextlib import suppress
