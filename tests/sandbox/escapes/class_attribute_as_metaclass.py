# raises: AttributeError
class Spy:
    pass


def rule(user, context):
    setattr(Spy, "__getattribute__", lambda self, name: name)
