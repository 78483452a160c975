"""A second factor outside of your network

An address that is not known is outside. Not at a refresh, where nobody is there to answer, and not again when the
issuer says that it was given in this session: the rules run again behind it, which they did not with Auth0.
"""

from ipaddress import ip_address, ip_network

NETWORK = ip_network("192.168.1.128/26")


def rule(user, context):
    if context.get("protocol") == "oauth2-refresh-token":
        return
    methods = (context.get("authentication") or {}).get("methods") or []
    if any(method.get("name") == "mfa" for method in methods):
        return
    address = (context.get("request") or {}).get("ip")
    if not address or ip_address(address) not in NETWORK:
        context.multifactor = {"provider": "guardian", "allowRememberBrowser": False}
