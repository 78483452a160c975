# stops: limit or passes: harmless
def rule(user, context):
    import ipaddress
    a = ipaddress.ip_address
    while True:
        list(ipaddress.summarize_address_range(a('::1'), a('ffff::fffe')))
