# raises: ZeroDivisionError or stops: limit
def rule(user, context):
    import decimal
    d = decimal.Decimal('1e999999999')
    x = [d, 1 / 0]
