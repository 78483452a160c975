# Ported from Auth0: unverified addresses do not get in, in the shortest possible form.


def rule(user, context):
    if not user.get("email_verified", False):
        raise UnauthorizedError("Please verify your email before logging in.")

# denied "Please verify your email before logging in."
#
# user {"email_verified": true}
# claims {}
