# raises: AttributeError
def rule(user, context):
    import decimal
    try:
        decimal.Decimal('x')
    except decimal.InvalidOperation as e:
        found = e.args[0][0]
    getattr(found, 'mro')()
