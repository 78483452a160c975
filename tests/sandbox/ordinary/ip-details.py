# Addresses and networks: what they are, and what they hold.

import ipaddress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


def kind(text):
    try:
        ip = ip_address(text)
    except ValueError:
        return "no address"
    if ip.is_loopback:
        return "loopback"
    if ip.is_private:
        return "private"
    return "global" if ip.is_global else "special"


def rule(user, context):
    net = ip_network("192.0.2.0/29")
    v6 = IPv6Address("2001:db8::1")
    context.idToken.update(
        kinds=[kind(t) for t in ("127.0.0.1", "10.1.2.3", "8.8.8.8", "::1", "x")],
        address=[str(IPv4Address("1.2.3.4") + 1), int(IPv4Address("0.0.1.0")), v6.compressed, v6.exploded, v6.version,
                 IPv4Address("10.0.0.2") < IPv4Address("10.0.0.10"), ip_address(1).compressed, v6.packed.hex()[:8],
                 IPv4Address("1.2.3.4").reverse_pointer],
        flags=[v6.is_link_local, v6.is_multicast, v6.is_reserved, v6.is_unspecified, v6.ipv4_mapped is None],
        network=[str(net), net.num_addresses, str(net.netmask), str(net.broadcast_address), str(net.network_address),
                 net.prefixlen, net.with_netmask, [str(h) for h in net.hosts()][:2], net.version],
        member=[ip_address("192.0.2.5") in net, ip_address("192.0.2.9") in net, net.overlaps(ip_network("192.0.2.0/24")),
                net.subnet_of(ip_network("192.0.2.0/24")), str(net.supernet())],
        subnets=[str(n) for n in net.subnets(prefixlen_diff=1)],
        merged=[str(n) for n in ipaddress.collapse_addresses([ip_network("10.0.0.0/25"), ip_network("10.0.0.128/25")])],
        summary=[str(n) for n in ipaddress.summarize_address_range(IPv4Address("10.0.0.0"), IPv4Address("10.0.0.2"))],
        loose=str(ip_network("10.1.2.3/8", strict=False)),
    )
    try:
        ip_network("10.1.2.3/8")
    except ValueError as error:
        context.idToken["error"] = str(error)

# claims {"kinds": ["loopback", "private", "global", "loopback", "no address"], "address": ["1.2.3.5", 256,
#  "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", 6, true, "0.0.0.1", "20010db8", "4.3.2.1.in-addr.arpa"],
#  "flags": [false, false, false, false, true], "network": ["192.0.2.0/29", 8, "255.255.255.248", "192.0.2.7",
#  "192.0.2.0", 29, "192.0.2.0/255.255.255.248", ["192.0.2.1", "192.0.2.2"], 4], "member": [true, false, true, true,
#  "192.0.2.0/28"], "subnets": ["192.0.2.0/30", "192.0.2.4/30"], "merged": ["10.0.0.0/24"], "summary":
#  ["10.0.0.0/31", "10.0.0.2/32"], "loose": "10.0.0.0/8", "error": "10.1.2.3/8 has host bits set"}
