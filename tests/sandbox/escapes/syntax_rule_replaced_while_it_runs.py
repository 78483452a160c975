# passes: harmless
def rule(user, context):
    global rule
    rule = None
