# stops: limit
def rule(user, context):
    import ipaddress
    sum(1 for x in ipaddress.ip_network('::/0').subnets(new_prefix=128))
