# stops: limit
def rule(user, context):
    import statistics, decimal
    statistics.mean([decimal.Decimal('1e100000000'), 1])
