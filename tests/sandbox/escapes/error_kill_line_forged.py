# stops: limit
def rule(user, context):
    print('File "<rule>", line 424242 in forged')
    sum(range(10 ** 12))
