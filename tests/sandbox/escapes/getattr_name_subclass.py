# raises: TypeError
def rule(user, context):
    class S:
        def startswith(self, x):
            return False
        def __str__(self):
            return '__class__'
    context.idToken.loot = str(getattr((), S()))
