# raises: AttributeError
def rule(user, context):
    import base64
    getattr(getattr(base64, 're'), 'enum').bltns.open('CANARY_FILE')
