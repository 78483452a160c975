# The address of the login with its last part removed, for statistics.

import ipaddress


def anonymise(text):
    address = ipaddress.ip_address(text)
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False).network_address)


def rule(user, context):
    ip = context.get("request", {}).get("ip")
    if ip:
        context.accessToken["https://example.com/ip"] = anonymise(ip)

# context {"request": {"ip": "198.51.100.77"}}
# access {"https://example.com/ip": "198.51.100.0"}
#
# context {"request": {"ip": "2001:db8:1:2::9"}}
# access {"https://example.com/ip": "2001:db8:1::"}
#
# claims {}
