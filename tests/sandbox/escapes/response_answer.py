# refused: attribute_not_allowed
def rule(user, context):
    http.get('https://h/')._Response__answer
