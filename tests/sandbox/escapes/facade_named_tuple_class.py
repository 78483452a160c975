# raises: TypeError
def rule(user, context):
    import urllib.parse
    type(urllib.parse.urlsplit('https://h/'))('a', 'b', 'c', 'd', 'e')
