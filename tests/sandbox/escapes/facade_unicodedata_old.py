# raises: AttributeError
def rule(user, context):
    import unicodedata
    getattr(unicodedata, 'ucd_3_2_0')
