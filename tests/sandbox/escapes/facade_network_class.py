# raises: TypeError
def rule(user, context):
    import ipaddress
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
    type(ipaddress.ip_network('10.0.0.0/8'))(('10.0.0.0', F()))
