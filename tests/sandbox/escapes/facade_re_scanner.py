# raises: AttributeError
def rule(user, context):
    import re
    getattr(re.compile('a'), 'scanner')
