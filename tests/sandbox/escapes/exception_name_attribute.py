# raises: AttributeError
def rule(user, context):
    try:
        {}.nope
    except AttributeError as e:
        x = e.name
