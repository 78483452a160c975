# Everything that is known of addresses and networks.

from ipaddress import AddressValueError, IPv4Address, IPv6Address, NetmaskValueError, ip_network


def describe(ip):
    return [ip.compressed, ip.exploded, ip.version, ip.max_prefixlen, ip.packed.hex(), ip.reverse_pointer, ip.is_loopback,
            ip.is_link_local, ip.is_multicast, ip.is_reserved, ip.is_unspecified, ip.is_private, ip.is_global]


def describe_network(net, inner):
    return [
        net.compressed, net.exploded, net.version, net.max_prefixlen, net.prefixlen, net.num_addresses, str(net.netmask),
        str(net.hostmask), str(net.network_address), str(net.broadcast_address), net.with_netmask, net.with_hostmask,
        net.with_prefixlen, net.reverse_pointer, net.is_link_local, net.is_loopback, net.is_multicast, net.is_reserved,
        net.is_unspecified, net.is_private, net.is_global, str(next(net.hosts())), net.overlaps(inner),
        net.subnet_of(inner), net.supernet_of(inner), str(net.supernet()), [str(n) for n in net.subnets()],
        [str(n) for n in net.address_exclude(inner)],
    ]


def rule(user, context):
    six = IPv6Address("2001:4860:4860::8888")
    context.idToken.update(
        four=describe(IPv4Address("8.8.4.4")), six=describe(six),
        more=[six.is_site_local, six.scope_id, six.sixtofour, six.teredo, str(IPv6Address("::ffff:1.2.3.4").ipv4_mapped),
              str(IPv6Address("2002:c000:204::").sixtofour), IPv6Address("fe80::1%eth0").scope_id],
        four_network=describe_network(ip_network("10.0.0.0/29"), ip_network("10.0.0.0/30")),
        six_network=describe_network(ip_network("2001:4860::/125"), ip_network("2001:4860::/126")),
    )
    problems = []
    for make in (lambda: IPv4Address("300.1.1.1"), lambda: IPv6Address("x"), lambda: ip_network(("10.0.0.0", "255.0.255.0"))):
        try:
            make()
        except AddressValueError:
            problems.append("address")
        except (NetmaskValueError, ValueError) as error:
            problems.append(type(error).__name__)
    context.idToken["problems"] = problems

# claims {"four": ["8.8.4.4", "8.8.4.4", 4, 32, "08080404", "4.4.8.8.in-addr.arpa", false, false, false, false,
#  false, false, true], "six": ["2001:4860:4860::8888", "2001:4860:4860:0000:0000:0000:0000:8888", 6, 128,
#  "20014860486000000000000000008888", "8.8.8.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.8.4.0.6.8.4.1.0.0.2.ip6.arpa",
#  false, false, false, false, false, false, true], "more": [false, null, null, null, "1.2.3.4", "192.0.2.4",
#  "eth0"], "four_network": ["10.0.0.0/29", "10.0.0.0/29", 4, 32, 29, 8, "255.255.255.248", "0.0.0.7", "10.0.0.0",
#  "10.0.0.7", "10.0.0.0/255.255.255.248", "10.0.0.0/0.0.0.7", "10.0.0.0/29", "0/29.0.0.10.in-addr.arpa", false,
#  false, false, false, false, true, false, "10.0.0.1", true, false, true, "10.0.0.0/28", ["10.0.0.0/30",
#  "10.0.0.4/30"], ["10.0.0.4/30"]], "six_network": ["2001:4860::/125",
#  "2001:4860:0000:0000:0000:0000:0000:0000/125", 6, 128, 125, 8, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff8", "::7",
#  "2001:4860::", "2001:4860::7", "2001:4860::/ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff8", "2001:4860::/::7",
#  "2001:4860::/125", "5.2.1./.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.8.4.1.0.0.2.ip6.arpa", false,
#  false, false, false, false, false, true, "2001:4860::1", true, false, true, "2001:4860::/124", ["2001:4860::/126",
#  "2001:4860::4/126"], ["2001:4860::4/126"]], "problems": ["address", "address", "ValueError"]}
