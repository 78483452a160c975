# raises: TypeError
def rule(user, context):
    import urllib.parse
    class T:
        def decode(self, *a):
            return 'https://h/'
    urllib.parse.urlparse(T())
