# refused: import_not_allowed
def rule(user, context):
    from urllib.parse.sys import modules
