# stops: limit
def rule(user, context):
    import decimal
    int(decimal.Decimal('1e50000000'))
