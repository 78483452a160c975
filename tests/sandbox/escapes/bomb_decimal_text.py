# raises: Overflow or stops: limit or passes: harmless or raises: InvalidOperation
def rule(user, context):
    import decimal
    decimal.Decimal('9' * 5_000_000) * 3
