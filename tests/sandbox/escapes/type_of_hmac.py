# raises: TypeError
def rule(user, context):
    import hmac
    type(hmac.new(b'k', b'm'))(b'k', b'm', print)
