# raises: AttributeError
def rule(user, context):
    import re
    getattr(re.I, 'name')
