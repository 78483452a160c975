"""The body of an answer, unpacked as it comes and no longer than it may be."""

from __future__ import annotations

import zlib

ACCEPTED = "gzip, deflate"
_EITHER = 47  # gzip or zlib, whichever it is


class Unusable(Exception):
    """A body that is too long, or cannot be unpacked."""


class Body:
    """Collects parts. At no time is there more of it than `most` bytes and a byte."""

    def __init__(self, encoding: str, most: int) -> None:
        """Raises `Unusable` for an encoding that was not asked for."""
        self._most = most
        self._body = bytearray()
        self._taken = 0
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise Unusable(f"the answer is packed by `{encoding[:40]}`, which was not asked for")
        self._inflate = zlib.decompressobj(_EITHER) if encoding not in ("", "identity") else None

    def add(self, part: bytes) -> None:
        """Raises `Unusable`."""
        self._taken += len(part)
        room = self._most - len(self._body) + 1
        if self._inflate is not None:
            try:
                part = self._inflate.decompress(part, room)
            except zlib.error:
                raise Unusable("the answer cannot be unpacked") from None
            if self._inflate.unused_data:
                raise Unusable("the answer goes on behind its end")
        self._body += part[:room]
        if len(self._body) > self._most or self._taken > self._most:
            raise Unusable(f"the answer is longer than {self._most} bytes")

    def whole(self) -> bytes:
        """Raises `Unusable` where its end is missing."""
        if self._inflate is not None and self._taken and not self._inflate.eof:
            raise Unusable("the answer ends before its end")
        return bytes(self._body)
