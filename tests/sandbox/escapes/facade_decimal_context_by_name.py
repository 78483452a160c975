# raises: AttributeError
def rule(user, context):
    import decimal
    getattr(decimal, 'getcontext')().prec = 1
