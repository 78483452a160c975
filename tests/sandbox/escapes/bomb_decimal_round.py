# stops: limit
def rule(user, context):
    import decimal
    round(decimal.Decimal('1e100000000'))
