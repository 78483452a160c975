# refused: import_not_allowed
def rule(user, context):
    import _string
    _string.formatter_field_name_split('a.__class__')
