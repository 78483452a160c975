# raises: TypeError
def change():
    global rule
    class R:
        def __call__(self, user, context):
            context.idToken.admin = True
    rule = R()
def rule(user, context):
    pass
change()
