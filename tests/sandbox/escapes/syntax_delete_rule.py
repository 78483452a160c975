# raises: KeyError
def rule(user, context):
    pass
def again():
    global rule
    del rule
again()
