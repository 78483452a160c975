# stops: timed_out
def rule(user, context):
    import ipaddress
    for host in ipaddress.ip_network('::/0').hosts():
        pass
