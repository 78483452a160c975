# raises: Overflow
def rule(user, context):
    import decimal
    decimal.Decimal(3) ** decimal.Decimal('1e17')
