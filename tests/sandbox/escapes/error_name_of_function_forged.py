# raises: ZeroDivisionError
def rule(user, context):
    def ａ():
        1 / 0
    ａ()
