# raises: AttributeError
class Spy:
    def look(self):
        return self.__class__

    @classmethod
    def metaclass(cls):
        return cls.look(cls)


def rule(user, context):
    # `cls.__class__` would be the metaclass, which makes classes of any kind.
    made = Spy.metaclass()
    context.idToken.loot = str(made("X", (), {"__getattr__": lambda self, name: name}))
