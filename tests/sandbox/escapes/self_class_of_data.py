# raises: AttributeError
class Spy:
    def look(self):
        return self.__class__


def rule(user, context):
    context.idToken.loot = str(Spy.look(5))
