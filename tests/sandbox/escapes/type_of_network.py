# raises: TypeError
def rule(user, context):
    import ipaddress
    type(ipaddress.ip_network('10.0.0.0/8'))
