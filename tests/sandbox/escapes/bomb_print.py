# passes: harmless
def rule(user, context):
    for i in range(10_000):
        print('x' * 10_000)
