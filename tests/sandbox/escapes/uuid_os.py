# refused: unknown_member
def rule(user, context):
    import uuid
    uuid.os.getenv('CLAIMSMITH_SECRET')
