# passes: harmless
def rule(user, context):
    class A:
        def __eq__(self, other):
            context.idToken.saw = str(other)
            return True
    match A():
        case 'secret':
            pass
    match None:
        case None | True | False:
            pass
