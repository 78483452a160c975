"""Which addresses rules may reach, and the look-up that leads to no others.

A name is looked up once for each connection, every address of it is checked, and the connection goes to a checked one:
there is no second look-up that could say something else.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import structlog

log = structlog.get_logger("claimsmith.calls")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
LookUp = Callable[[str, int], Sequence[str]]

LOOKING_UP = 8  # names of one tenant at once

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
    ("::/3", "unspecified, loopback, discard, IPv4 in its old forms and translated inside a network"),
    ("2001::/23", "protocol assignments"),
    ("2001:db8::/32", "documentation"),
    ("3fff::/20", "documentation"),
    ("4000::/2", "assigned to nobody"),
    ("8000::/1", "private, and metadata services in it, link-local, site-local, multicast; else assigned to nobody"),
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


class Addresses:
    """Looks up names, and answers with addresses that rules may reach."""

    def __init__(self, networks: Sequence[Network], look_up: LookUp = look_up) -> None:
        """`networks` are those that may be reached though they are not public."""
        self._networks = tuple(networks)
        self._look_up = look_up
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def of(self, tenant: str, host: str, port: int) -> list[str]:
        """The addresses of a name. Raises `AddressRefused` when one of them may not be reached, `ConnectionError`
        where there is none."""
        try:
            found = await self._found(tenant, host, port)
        except (OSError, UnicodeError):
            raise ConnectionError(f"`{host}` is not known to the resolver") from None
        if not found:
            raise ConnectionError(f"`{host}` has no address")
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

    async def _found(self, tenant: str, host: str, port: int) -> Sequence[str]:
        """A resolver that hangs holds a thread for as long as it likes, whoever has stopped waiting. So each look-up
        has its own thread, which does not hold up the end of the process, and a tenant has so many of them: it waits
        for its own and for nobody else's."""
        loop = asyncio.get_running_loop()
        turns = self._turns.setdefault(tenant, asyncio.Semaphore(LOOKING_UP))
        await turns.acquire()
        waiting: asyncio.Future[Sequence[str]] = loop.create_future()

        def ended(found: Sequence[str], error: Exception | None) -> None:
            turns.release()
            if waiting.done():
                return
            if error is None:
                waiting.set_result(found)
            else:
                waiting.set_exception(error)

        def run() -> None:
            found: Sequence[str] = ()
            failure = None
            try:
                found = self._look_up(host, port)
            except Exception as error:
                failure = error
            with contextlib.suppress(RuntimeError):  # the service has ended meanwhile
                loop.call_soon_threadsafe(ended, found, failure)

        try:
            threading.Thread(target=run, name="look-up", daemon=True).start()
        except RuntimeError:  # the machine has no more threads
            turns.release()
            raise ConnectionError(f"`{host}` cannot be looked up now") from None
        return await waiting
