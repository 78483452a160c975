# passes: harmless
# What one rule leaves in `user` is data to the next.
def secret():
    return 'canary'
def rule(user, context):
    user.helper = secret
    context.helper = secret
    user.kept = [secret, {'a': secret}]
