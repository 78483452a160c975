# raises: TypeError
def rule(user, context):
    import operator
    operator.itemgetter(int)(list)
