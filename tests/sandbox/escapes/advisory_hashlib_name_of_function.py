# raises: ValueError
# A rule's function with the name of a digest is none.
def rule(user, context):
    import hmac
    def sha256(data=b''):
        return data
    hmac.new(b'k', b'm', sha256)
