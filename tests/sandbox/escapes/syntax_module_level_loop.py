# stops: limit
while True:
    pass
def rule(user, context):
    pass
