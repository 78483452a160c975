# raises: TypeError
# The cache would keep the function, and the user that it has seen.
import urllib.parse
def rule(user, context):
    urllib.parse.urlsplit('https://h/', '', lambda: user)
