# raises: TypeError
def rule(user, context):
    import urllib.parse
    class F:
        def __hash__(self):
            return 1
    urllib.parse.urlsplit('https://h/' + user.email, '', F())
