# raises: AttributeError
def rule(user, context):
    import typing
    getattr(typing, 'ForwardRef')('open("CANARY_FILE")')
