# refused: import_not_allowed
def rule(user, context):
    import typing
    typing.get_type_hints(user)
