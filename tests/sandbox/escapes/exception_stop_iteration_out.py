# raises: StopIteration
def rule(user, context):
    raise StopIteration(user)
