# refused: unknown_member
def rule(user, context):
    import typing
    def f(x: 'open("CANARY_FILE").read()'):
        pass
    typing.get_type_hints(f)
