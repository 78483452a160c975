# raises: AttributeError
def rule(user, context):
    import urllib
    getattr(urllib, 'request').urlopen('http://127.0.0.1:CANARY_PORT/')
