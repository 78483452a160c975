"""The hosts that a tenant's rules may call: the list in its settings, and whether an address is on it."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

PORTS = {"https": 443, "http": 80}
_PARTS = re.compile(r"(?P<plain>http://)?(?P<below>\*\.)?(?P<host>\[[^]]*\]|[^:]+)(:(?P<port>\d+))?")


class Allowed(NamedTuple):
    host: str
    below: bool  # names below it, and not itself
    port: int | None  # None: that of the scheme
    plain: bool  # http, too


class NotAllowed(Exception):
    """A host that is not on the list; the text says what to do."""


@functools.lru_cache(maxsize=1024)
def _list(entries: tuple[str, ...]) -> tuple[Allowed, ...]:
    found = []
    for entry in entries:
        parts = _PARTS.fullmatch(entry)
        if parts is None:
            continue  # it would not have been stored
        port = None if parts["port"] is None else int(parts["port"])
        found.append(Allowed(parts["host"].strip("[]"), bool(parts["below"]), port, bool(parts["plain"])))
    return tuple(found)


def require_allowed(scheme: str, host: str, port: int, entries: tuple[str, ...]) -> None:
    """Raises `NotAllowed` unless a tenant with this list may call. `host` is in lower case, as in an address."""
    named = f"{host}:{port}" if port != PORTS.get(scheme) else host
    if scheme not in PORTS:
        raise NotAllowed(f"`{scheme}://` is not an address for rules: write `https://`")
    fitting = [entry for entry in _list(entries) if _fits(entry, scheme, host, port)]
    if not fitting:
        raise NotAllowed(f"`{named}` may not be called: add it to the tenant's setting `allowed_hosts`")
    if scheme == "http" and not any(entry.plain for entry in fitting):
        raise NotAllowed(
            f"`{named}` may be called by https only: for http, the tenant's setting `allowed_hosts` has to say "
            f"`http://{named}`"
        )


def _fits(entry: Allowed, scheme: str, host: str, port: int) -> bool:
    if port != (PORTS[scheme] if entry.port is None else entry.port):
        return False
    return host.endswith("." + entry.host) if entry.below else host == entry.host
