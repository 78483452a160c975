# raises: E: [<K>]
def rule(user, context):
    class K:
        def __repr__(self):
            return '<K>'
    class E(Exception):
        def __str__(self):
            return str([K()])
    raise E()
