# raises: AttributeError
def rule(user, context):
    import re
    re.I.name
