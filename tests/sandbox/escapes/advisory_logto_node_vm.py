# raises: AttributeError
def rule(user, context):
    getattr(user, 'constructor').constructor('return process')()
