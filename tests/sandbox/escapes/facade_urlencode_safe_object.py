# raises: TypeError
def rule(user, context):
    import urllib.parse
    class F:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            return True
        def __str__(self):
            return 'a'
        def __len__(self):
            return 1
        def __iter__(self):
            return iter('a')
    urllib.parse.urlencode({'a': 1}, safe=F())
