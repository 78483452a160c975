# refused: import_not_allowed
def rule(user, context):
    from hashlib import file_digest
