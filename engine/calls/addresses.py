"""Which addresses rules may reach, and connections to no others.

A name is looked up once for each connection, every address of it is checked, and the connection goes to a checked one:
there is no second look-up that could say something else.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpcore2
import structlog

log = structlog.get_logger("claimsmith.calls")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
LookUp = Callable[[str, int], Sequence[str]]

LOOKING_UP = 16  # names at once; a resolver that hangs holds a thread
MOST_TRIED = 4  # addresses of one name

# Beside what the registries call not global, which depends on the version of Python.
REFUSED: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this host"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT, and metadata services in it"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local, and metadata services in it"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relays"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarks"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, and broadcast"),
    ("::/96", "unspecified, loopback, and IPv4 in its oldest form"),
    ("64:ff9b:1::/48", "translation inside a network"),
    ("100::/64", "discard"),
    ("2001::/23", "protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "private, and metadata services in it"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)
_REFUSED: tuple[Network, ...] = tuple(ip_network(network) for network, _ in REFUSED)
_TRANSLATED = IPv6Network("64:ff9b::/96")  # IPv4 behind the last four bytes (RFC 6052)


class AddressRefused(Exception):
    """A name leads to an address that rules may not reach."""


def may_be_reached(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address is a public one, or in a network that the operator allows. An IPv6 address that stands for an
    IPv4 one is as good as that."""
    inner = _inside(address)
    if inner is not None:
        return may_be_reached(inner, networks)
    if any(address in network for network in networks):
        return True
    return address.is_global and not address.is_multicast and not any(address in network for network in _REFUSED)


def _inside(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    # Teredo (2001::/32) is refused as a whole.
    return address.ipv4_mapped or address.sixtofour


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as the machine's resolver has them. Blocks; raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedConnections(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that rules may reach."""

    def __init__(self, networks: Sequence[Network], look_up: LookUp = look_up) -> None:
        """`networks` are those that may be reached though they are not public."""
        self._networks = tuple(networks)
        self._look_up = look_up
        self._inner = httpcore2.AnyIOBackend()
        # Not the loop's own threads: a name that hangs would hold up everything else that uses them.
        self._threads = ThreadPoolExecutor(LOOKING_UP, thread_name_prefix="look-up")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  as the library has it
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises `AddressRefused` when one address of the name may not be reached, `httpcore2.ConnectError` when none
        answers."""
        until = None if timeout is None else time.monotonic() + timeout
        addresses = await self._checked(host, port)
        failure: Exception = httpcore2.ConnectError(f"`{host}` has no address")
        for address in addresses[:MOST_TRIED]:
            left = None if until is None else max(until - time.monotonic(), 0.001)
            try:
                return await self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  as the library has it
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        raise AddressRefused("rules reach no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, self._look_up, host, port)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError(f"`{host}` is not known to the resolver") from None
        for address in found:
            # An IPv6 address may name its interface: only link-local ones do.
            if "%" in address or not may_be_reached(ip_address(address), self._networks):
                # Not to the rule's author, whom the inside of this network does not concern.
                log.warning("a rule asked for an address that it may not reach", host=host, address=address)
                raise AddressRefused(
                    f"`{host}` leads to an address that is not public: the operator can allow its network "
                    "(CLAIMSMITH_HTTP_NETWORKS)"
                )
        return list(found)
