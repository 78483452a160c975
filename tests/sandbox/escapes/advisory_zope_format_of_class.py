# raises: TypeError or raises: AttributeError
def rule(user, context):
    str.format_map('{a.__class__}', {'a': 1})
