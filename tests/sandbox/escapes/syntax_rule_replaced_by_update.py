# raises: ValueError
def change():
    global rule
    rule = auth0.users.updateAppMetadata
def rule(user, context):
    pass
change()
