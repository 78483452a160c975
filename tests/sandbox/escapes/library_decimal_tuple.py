# raises: ValueError or passes: harmless
def rule(user, context):
    import decimal
    decimal.Decimal((0, (1, 2, 'x'), -999999999999))
