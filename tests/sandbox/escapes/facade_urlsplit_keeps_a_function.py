# raises: TypeError
def rule(user, context):
    import urllib.parse
    urllib.parse.urlsplit('https://h/', '', lambda: user)
