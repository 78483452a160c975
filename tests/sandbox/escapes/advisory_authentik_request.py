# refused: name_not_available
# authentik's expressions see the request and the ORM.
def rule(user, context):
    context.idToken.loot = str(request.user.objects.all())
