# raises: AttributeError
def rule(user, context):
    class A:
        pass
    context.idToken.loot = str(getattr(A(), '＿＿class＿＿'))
