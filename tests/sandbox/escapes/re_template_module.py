# raises: AttributeError
def rule(user, context):
    import re
    re.enum
