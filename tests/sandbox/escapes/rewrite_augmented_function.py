# raises: AttributeError
def rule(user, context):
    def f():
        pass
    f.count += 1
