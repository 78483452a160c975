# raises: ValueError
def rule(user, context):
    import hashlib
    class N:
        def lower(self):
            return 'sha256'
        def __eq__(self, other):
            return True
    hashlib.new(N())
