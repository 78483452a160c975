# stops: limit or passes: harmless
def rule(user, context):
    import json
    json.loads('[' + ','.join(['{"a":1}'] * 500_000) + ']')
