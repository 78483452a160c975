# raises: AttributeError
def rule(user, context):
    try:
        raise ValueError
    except ValueError as e:
        x = getattr(e, 'tb_' + 'frame')
