# raises: AttributeError
def rule(user, context):
    try:
        next(iter([]))
    except StopIteration as e:
        x = e.value
