# raises: TypeError
# open-chat-studio #4239: `json.dumps = evil` held for all tenants.
def rule(user, context):
    import json
    json.dumps = lambda *a, **k: 'evil'
