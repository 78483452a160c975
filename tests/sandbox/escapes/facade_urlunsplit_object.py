# raises: TypeError
def rule(user, context):
    import urllib.parse
    class F:
        def decode(self, *args):
            return self
    urllib.parse.urlunsplit([F()] * 5)
