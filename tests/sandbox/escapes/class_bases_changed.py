# raises: TypeError or refused: attribute_not_allowed
def rule(user, context):
    class A:
        pass
    A.__bases__ = (dict,)
