# stops: limit or passes: harmless
def rule(user, context):
    for i in range(10 ** 6):
        ('ab' * 10 ** 6).count('ba' * 1000 + 'c')
