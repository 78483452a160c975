"""Answers that a rule has asked to be remembered (`cache=seconds`): in this process, for its tenant alone."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from typing import NamedTuple

import msgspec

from sandbox.exchanges import HttpRequest

MOST_BYTES = 32 * 1024 * 1024
OVERHEAD = 512  # bytes of an answer beside its text
LONGEST = 24 * 3600.0  # seconds


class _Known(NamedTuple):
    since: float
    until: float
    answer: bytes


class _Share:
    """What is remembered of one tenant."""

    def __init__(self) -> None:
        self.answers: OrderedDict[bytes, _Known] = OrderedDict()  # the one that was not asked for longest first
        self.size = 0

    def put(self, key: bytes, known: _Known) -> None:
        self.answers[key] = known
        self.size += len(known.answer) + OVERHEAD

    def forget(self, key: bytes) -> None:
        known = self.answers.pop(key, None)
        if known is not None:
            self.size -= len(known.answer) + OVERHEAD


class Remembered:
    def __init__(self) -> None:
        self._shares: dict[str, _Share] = {}

    def get(self, tenant: str, hosts: tuple[str, ...], request: HttpRequest) -> bytes | None:
        """An answer that is no older than `request` says, and was given when the tenant's list was `hosts`."""
        key, now = _key(hosts, request), time.monotonic()
        share = self._shares.get(tenant)
        known = None if share is None else share.answers.get(key)
        if share is None or known is None:
            return None
        if known.until < now:
            share.forget(key)
            return None
        if known.since + (request.cache or 0.0) < now:
            return None
        share.answers.move_to_end(key)
        return known.answer

    def put(self, tenant: str, hosts: tuple[str, ...], request: HttpRequest, answer: bytes) -> None:
        """Remember an answer for as long as `request` says. What has no room puts out answers of the tenant that has
        most."""
        key, now = _key(hosts, request), time.monotonic()
        share = self._shares.setdefault(tenant, _Share())
        share.forget(key)
        share.put(key, _Known(now, now + min(request.cache or 0.0, LONGEST), answer))
        while sum(share.size for share in self._shares.values()) > MOST_BYTES:
            largest = max(self._shares.values(), key=lambda share: share.size)
            largest.forget(next(iter(largest.answers)))

    def forget(self, tenant: str) -> None:
        self._shares.pop(tenant, None)


def _key(hosts: tuple[str, ...], request: HttpRequest) -> bytes:
    """All of the request but how long to wait and to remember: with another `Authorization` it is another one. And the
    tenant's list: what it has forbidden since is not answered, redirects included."""
    asked = msgspec.structs.replace(request, timeout=None, cache=None)
    return hashlib.sha256(msgspec.json.encode((hosts, asked), order="sorted")).digest()
