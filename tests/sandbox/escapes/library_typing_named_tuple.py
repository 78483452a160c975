# raises: AttributeError
def rule(user, context):
    import typing
    getattr(typing, 'NamedTuple')('A', [('x', int)])
