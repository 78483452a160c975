# raises: TypeError
def rule(user, context):
    import hmac
    class T:
        def __eq__(self, other):
            return True
    hmac.compare_digest(T(), 'a')
