# raises: TypeError or raises: the rule ended without calling
def change():
    global rule
    rule = print
def rule(user, context):
    pass
change()
