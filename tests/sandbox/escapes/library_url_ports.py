# raises: ValueError
def rule(user, context):
    import urllib.parse
    urllib.parse.urlsplit('https://h:99999999/').port
