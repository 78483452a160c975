# raises: ValueError
def rule(user, context):
    class U:
        def __eq__(self, other):
            return True
        def __ne__(self, other):
            return False
    auth0.users.updateUserMetadata(U(), {'a': 1})
