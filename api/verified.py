"""Tokens that were verified a moment ago and need not be verified again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

REMEMBERED = 60  # seconds a verified token is not verified again
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Remembered(Generic[T]):
    what: T
    until: float
    fingerprint: str | None


class VerifiedTokens(Generic[T]):
    """What tokens have said, by their digests: for at most 60 s, never beyond their `exp`, nor without their key."""

    def __init__(self, monotonic: Callable[[], float], most: int | None = None) -> None:
        self._monotonic = monotonic
        self._most = MOST_REMEMBERED if most is None else most
        self._remembered: dict[bytes, _Remembered[T]] = {}

    def find(self, digest: bytes) -> T | None:
        known = self._remembered.get(digest)
        return known.what if known is not None and self._monotonic() < known.until else None

    def remember(self, digest: bytes, what: T, expires: int, fingerprint: str | None) -> None:
        """`expires` is the token's `exp`, `fingerprint` its key's, or None for a key that does not go."""
        self._remembered.pop(digest, None)
        now = time.time()
        # Compared as integers: `exp` may be larger than any float.
        life = min(expires, int(now) + REMEMBERED) - now
        if life > 0:
            while len(self._remembered) >= self._most:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[digest] = _Remembered(what, self._monotonic() + life, fingerprint)

    def forget(self, published: frozenset[str]) -> None:
        """Tokens of keys that are not among the published ones."""
        self._remembered = {
            digest: known
            for digest, known in self._remembered.items()
            if known.fingerprint is None or known.fingerprint in published
        }

    def __len__(self) -> int:
        return len(self._remembered)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._remembered
