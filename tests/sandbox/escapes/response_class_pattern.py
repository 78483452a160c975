# refused: syntax_not_allowed
def rule(user, context):
    match http.get('https://h/'):
        case object(status_code=200):
            pass
