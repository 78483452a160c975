"""Answers that a rule has asked to be remembered (`cache=seconds`): in this process, for its tenant alone."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict

import msgspec

from sandbox.exchanges import HttpRequest

MOST_BYTES = 32 * 1024 * 1024
LONGEST = 24 * 3600.0  # seconds


class Remembered:
    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, tenant: str, request: HttpRequest) -> bytes | None:
        key = _key(tenant, request)
        known = self._answers.get(key)
        if known is None:
            return None
        if known[0] < time.monotonic():
            self._forget(key)
            return None
        self._answers.move_to_end(key)
        return known[1]

    def put(self, tenant: str, request: HttpRequest, answer: bytes) -> None:
        """Remember an answer for as long as `request` says."""
        key = _key(tenant, request)
        self._forget(key)
        self._answers[key] = time.monotonic() + min(request.cache or 0.0, LONGEST), answer
        self._bytes += len(answer)
        while self._bytes > MOST_BYTES:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: bytes) -> None:
        if key in self._answers:
            self._bytes -= len(self._answers.pop(key)[1])


def _key(tenant: str, request: HttpRequest) -> bytes:
    """All of the request but how long to wait and to remember: with another `Authorization` it is another one."""
    asked = msgspec.structs.replace(request, timeout=None, cache=None)
    return hashlib.sha256(tenant.encode() + b"\0" + msgspec.json.encode(asked, order="sorted")).digest()
