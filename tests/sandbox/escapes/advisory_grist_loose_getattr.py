# raises: AttributeError
def rule(user, context):
    getattr((x for x in ()), 'gi_code')
