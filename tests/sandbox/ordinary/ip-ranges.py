# Administrators log in from the company's networks only.

import ipaddress

OFFICE = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32")]


def in_office(text):
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in OFFICE if network.version == address.version)


def rule(user, context):
    ip = context.get("request", {}).get("ip")
    inside = in_office(ip)
    if "admin" in user["app_metadata"]["roles"] and not inside:
        raise UnauthorizedError(f"administrators log in from the office, not from {ip or 'nowhere'}")
    context.idToken["https://example.com/network"] = "office" if inside else "internet"

# context {"request": {"ip": "10.20.30.40"}}
# claims {"https://example.com/network": "office"}
#
# context {"request": {"ip": "2001:db8::1"}}
# claims {"https://example.com/network": "office"}
#
# context {"request": {"ip": "203.0.113.9"}}
# denied "administrators log in from the office, not from 203.0.113.9"
#
# user {"app_metadata": {"roles": []}}
# context {"request": {"ip": "not-an-ip"}}
# claims {"https://example.com/network": "internet"}
#
# user {"app_metadata": {"roles": []}}
# claims {"https://example.com/network": "internet"}
#
# denied "administrators log in from the office, not from nowhere"
