# refused: unknown_member
def rule(user, context):
    import urllib.parse
    urllib.parse.uses_relative.clear()
