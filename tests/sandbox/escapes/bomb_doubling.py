# stops: limit
def rule(user, context):
    s = 'a'
    while True:
        s += s
