# raises: AttributeError
# Names are only normalised in source: as text this is another name.
def rule(user, context):
    class A:
        pass
    context.idToken.loot = str(getattr(A(), '_＿class＿＿'))
