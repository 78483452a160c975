# raises: TypeError or raises: AddressValueError or passes: harmless
import ipaddress
def rule(user, context):
    class K:
        _version = 4
        _ip = 1
        def __ge__(self, other):
            return True
        def __lt__(self, other):
            return False
        def __radd__(self, other):
            return '10.0.0.1'
    n = ipaddress.ip_network('10.0.0.0/8')
    K() in n
    n[K()]
