# passes: harmless
def rule(user, context):
    import json
    seen = []
    def default(value):
        seen.append(type(value) is set)
        return None
    context.idToken.loot = [json.dumps([{1}, {'a': {2}}], default=default, indent=1), seen]
