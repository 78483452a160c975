# raises: ZeroDivisionError
def rule(user, context):
    import json
    a, b, c, d = getattr, auth0.users.updateUserMetadata, user.update, json
    e, f, g, h = print, type, 'x'.format, json.dumps
    x = [a, b, c, d, e, f, g, h, 1 / 0]
