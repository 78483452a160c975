# raises: TypeError
import ipaddress
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
    list(ipaddress.ip_network('10.0.0.0/8').subnets(new_prefix=K()))
