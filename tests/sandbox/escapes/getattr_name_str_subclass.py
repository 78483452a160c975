# raises: TypeError
def rule(user, context):
    class S(str):
        def startswith(self, x):
            return False
    context.idToken.loot = str(getattr((), S('__class__')))
