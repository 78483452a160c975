# stops: exhausted
def rule(user, context):
    context.redirect = {'url': 'x' * 10 ** 6}
