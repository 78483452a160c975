# passes: harmless
# Which claims only the issuer sets is decided by the service, after this.
def rule(user, context):
    for name in ('sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'acr', 'amr', 'azp'):
        context.idToken[name] = 'forged'
        context.accessToken[name] = 'forged'
