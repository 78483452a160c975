# passes: harmless or raises: MemoryError or raises: ValueError
def rule(user, context):
    import decimal
    format(decimal.Decimal(1), '999999999f')
