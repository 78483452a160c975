# raises: TypeError
def rule(user, context):
    import urllib.parse
    type(urllib.parse.urlparse('a'))
