# raises: ValueError
def rule(user, context):
    import hmac, json
    hmac.new(b'k', b'm', json)
