# raises: ZeroDivisionError
def rule(user, context):
    class A:
        def __repr__(self):
            user.admin = True
            return 'a'
    a = A()
    x = [a, 1 / 0]
