# raises: AttributeError
import urllib.parse
def rule(user, context):
    urllib.parse.urlparse('a')._replace(path=user)
