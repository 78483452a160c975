# stops: limit
def rule(user, context):
    import decimal
    decimal.Decimal('1e100000000').as_integer_ratio()
