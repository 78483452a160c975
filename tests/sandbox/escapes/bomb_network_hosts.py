# stops: limit
def rule(user, context):
    import ipaddress
    list(ipaddress.ip_network('::/0').hosts())
