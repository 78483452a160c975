# refused: name_not_allowed
def rule(user, context):
    http.get('https://h/', __class__=1)
