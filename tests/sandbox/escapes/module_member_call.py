# refused: unknown_member
def rule(user, context):
    import json
    json.member('loads')
