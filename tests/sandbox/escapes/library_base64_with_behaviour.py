# raises: TypeError
def rule(user, context):
    import base64
    class B:
        def translate(self, table):
            return b''
    base64.b64encode(B())
