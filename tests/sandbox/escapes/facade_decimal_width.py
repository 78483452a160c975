# stops: exhausted
def rule(user, context):
    import decimal
    f"{decimal.Decimal('1e999999999'):f}"
