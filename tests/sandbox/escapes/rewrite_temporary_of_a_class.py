# raises: AttributeError
def rule(user, context):
    class A:
        d = {'k': 1}
        d['k'] += 1
    context.idToken.loot = str(getattr(A, '_tmp0'))
