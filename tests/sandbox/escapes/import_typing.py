# refused: unknown_member
def rule(user, context):
    import typing
    typing.get_type_hints(user)
