# raises: InvalidOperation
def rule(user, context):
    import decimal
    decimal.Decimal('sNaN') + 1
