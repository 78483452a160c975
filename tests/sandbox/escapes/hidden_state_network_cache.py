# raises: TypeError
import ipaddress
def rule(user, context):
    class K:
        def __hash__(self):
            return 1
        def __eq__(self, other):
            context.idToken.loot = str(other)
            return False
    ipaddress.ip_network(('10.0.0.0', K()))
