# raises: RecursionError or raises: ValueError
def rule(user, context):
    import json
    l = []
    for i in range(100_000):
        l = [l]
    json.dumps(l)
