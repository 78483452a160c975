# raises: AttributeError
def rule(user, context):
    try:
        'é'.encode('ascii')
    except UnicodeEncodeError as e:
        x = e.object
