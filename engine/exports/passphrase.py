"""Secret values under a passphrase, for a file that leaves the service.

The key is derived with scrypt (RFC 7914), the values are encrypted with AES-256-GCM (NIST SP 800-38D). What is
associated with them is the digest of all that the file says of the tenant before them: under other rules than those
they were exported with, they cannot be opened.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from engine.exports.lines import SecretsLine

SHORTEST, LONGEST = 12, 1024  # characters
COST = 2**17  # 128 MB and half a second for each guess
COSTS = tuple(2**power for power in range(14, 19))  # that a file may ask of us
BLOCK, PARALLEL = 8, 1
KEY, SALT, NONCE = 32, 16, 12  # bytes


class BadPassphrase(Exception):
    """One that cannot be used, or does not open; the text says which, and not what it was."""


async def sealed(text: bytes, passphrase: str, about: bytes) -> SecretsLine:
    """Raises `BadPassphrase` for one that is too short to keep anything."""
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise BadPassphrase(f"the passphrase has {len(passphrase)} characters: it has to have {SHORTEST} to {LONGEST}")
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    key = await _derived(passphrase, salt, COST)
    return SecretsLine(
        kdf="scrypt",
        n=COST,
        r=BLOCK,
        p=PARALLEL,
        salt=base64.b64encode(salt).decode(),
        nonce=base64.b64encode(nonce).decode(),
        sealed=base64.b64encode(AESGCM(key).encrypt(nonce, text, _associated(about))).decode(),
    )


async def opened(line: SecretsLine, passphrase: str, about: bytes) -> bytes:
    """What was sealed. Raises `BadPassphrase` for another one, and where anything of the tenant was changed since;
    `ValueError` for what was never sealed here."""
    if line.n not in COSTS or (line.r, line.p) != (BLOCK, PARALLEL):
        raise ValueError(f"`n`, `r` and `p` of scrypt: {COSTS[0]} to {COSTS[-1]}, {BLOCK} and {PARALLEL} are taken")
    try:
        salt, nonce, text = (base64.b64decode(part, validate=True) for part in (line.salt, line.nonce, line.sealed))
    except (binascii.Error, ValueError):
        raise ValueError("`salt`, `nonce` and `sealed` are base64") from None
    if (len(salt), len(nonce)) != (SALT, NONCE):
        raise ValueError(f"`salt` has {SALT} bytes and `nonce` {NONCE}")
    key = await _derived(passphrase[:LONGEST], salt, line.n)
    try:
        return AESGCM(key).decrypt(nonce, text, _associated(about))
    except InvalidTag:
        raise BadPassphrase(
            "the passphrase is another one, or the file was changed: its secrets cannot be opened"
        ) from None


def _associated(about: bytes) -> bytes:
    return b"claimsmith export 1\0" + about


async def _derived(passphrase: str, salt: bytes, cost: int) -> bytes:
    # Two keyboards may write one character in different ways (RFC 8265, section 4.2).
    text = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    kdf = Scrypt(salt=salt, length=KEY, n=cost, r=BLOCK, p=PARALLEL)
    return await asyncio.to_thread(kdf.derive, text)
