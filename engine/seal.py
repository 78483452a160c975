"""Records are sealed: encrypted whole, so that whoever reads the database reads no login.

The key is the database's own, random, and itself encrypted with one derived from the service's secret: a rotation of
that secret wraps it anew and leaves every record readable.
"""

from __future__ import annotations

import hashlib
import os
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from engine.chance import Chance

KEY = 32  # bytes
NONCE = 12
RANDOM = 4  # bytes of it; the others are the time in nanoseconds


class Broken(Exception):
    """A sealed text that was changed, or is of another place or service."""


class Seal:
    """Seals and opens (AES-256-GCM, NIST SP 800-38D)."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._digest_key = hashlib.blake2b(b"digest", key=key, digest_size=KEY).digest()
        self._chance = Chance()

    def seal(self, text: bytes, about: str) -> bytes:
        """`text` encrypted; `about` has to be given again to open it."""
        # Of random nonces alone a key may see 2^32, which is a month of logins. The same nanosecond seldom comes twice.
        nonce = time.time_ns().to_bytes(NONCE - RANDOM, "big") + self._chance.take(RANDOM)
        return nonce + self._cipher.encrypt(nonce, text, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed. Raises `Broken`."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], about.encode())
        except (InvalidTag, ValueError):
            raise Broken(f"the sealed text of `{about}` cannot be opened") from None

    def digest(self, *parts: str) -> bytes:
        """16 bytes by which a text is found again in the database, which does not show it (keyed BLAKE2b)."""
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._digest_key, digest_size=16).digest()


def new_key(wrapping: bytes) -> bytes:
    """A new key, wrapped (RFC 3394)."""
    return aes_key_wrap(wrapping, os.urandom(KEY))


def unwrapped(wrapped: bytes, wrapping: bytes) -> bytes | None:
    """The key; None where it was wrapped with another."""
    try:
        return aes_key_unwrap(wrapping, wrapped)
    except InvalidUnwrap:
        return None


def wrapped_again(key: bytes, wrapping: bytes) -> bytes:
    return aes_key_wrap(wrapping, key)
