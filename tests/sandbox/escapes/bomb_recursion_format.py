# raises: ValueError or raises: RecursionError
def rule(user, context):
    '{:{:{:{}}}}'.format(1, 2, 3, 4)
