# stops: limit
def rule(user, context):
    format('a', '>99999999999')
