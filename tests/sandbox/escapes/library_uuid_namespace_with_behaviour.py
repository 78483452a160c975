# raises: TypeError
def rule(user, context):
    import uuid
    class N:
        bytes = b'x'
    uuid.uuid5(N(), 'x')
