# raises: AttributeError
def rule(user, context):
    for name in ('member', '_Module__members', '__name__', '__slots__', '__dict__', '__getattr__', 'updates'):
        assert not hasattr(auth0, name) and not hasattr(auth0.users, name)
    auth0.users.member('updateUserMetadata')
