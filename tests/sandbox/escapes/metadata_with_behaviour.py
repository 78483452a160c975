# raises: ValueError
def rule(user, context):
    class A:
        pass
    auth0.users.updateUserMetadata(user.user_id, {'x': A()})
