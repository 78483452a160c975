# raises: AttributeError
# GHSA-g5vw-3h65-2q3v: an attribute of a host object that nobody had thought of.
def rule(user, context):
    auth0.users.data
