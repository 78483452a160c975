# raises: TypeError
def rule(user, context):
    def f():
        pass
    f.x = user.email
