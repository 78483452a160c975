# stops: limit or raises: TypeError
import urllib.parse
def rule(user, context):
    def g():
        try:
            yield
        finally:
            while True:
                pass
    x = g()
    next(x)
    urllib.parse.urljoin('https://h/', 'a', lambda: x)
