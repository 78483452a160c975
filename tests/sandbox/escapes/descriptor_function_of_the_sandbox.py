# raises: ValueError
def rule(user, context):
    class A:
        put = auth0.users.updateUserMetadata
        look = getattr
        change = setattr
    A().put({'a': 1})
