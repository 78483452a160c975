# raises: ValueError
def rule(user, context):
    import hmac
    class D:
        def __call__(self, data=b''):
            return self
    hmac.new(b'k', b'm', D())
