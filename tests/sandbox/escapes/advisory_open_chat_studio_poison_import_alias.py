# raises: TypeError
def rule(user, context):
    import urllib.parse as p
    del p.quote
