# raises: ValueError
def rule(user, context):
    import hmac
    def sha256(data=b''):
        return user
    hmac.new(b'k', b'm', sha256)
