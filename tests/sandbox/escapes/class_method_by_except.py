# refused: name_not_allowed
def rule(user, context):
    class A:
        try:
            1 / 0
        except ZeroDivisionError as __set_name__:
            pass
