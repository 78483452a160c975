# raises: AttributeError
class Spy:
    @property
    def x(self):
        return 1


def rule(user, context):
    made = Spy.x.setter(lambda self, value: None)
    context.idToken.loot = str(made.fget)
