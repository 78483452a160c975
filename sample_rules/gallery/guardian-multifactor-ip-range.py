"""A second factor outside of your network

An address that is not known is outside. Unlike Auth0's it does not ask at a refresh, where nobody is there to answer.
"""

from ipaddress import ip_address, ip_network

NETWORK = ip_network("192.168.1.128/26")


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token":
        return
    address = (context.get("request") or {}).get("ip")
    if not address or ip_address(address) not in NETWORK:
        context.multifactor = {"provider": "guardian", "allowRememberBrowser": False}
