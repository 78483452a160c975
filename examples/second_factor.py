"""One-time codes as an authenticator app shows them (RFC 6238), each good for one login.

    python -m examples.second_factor ada

prints the present code of a demo user, for whoever has no such app at hand.
"""

from __future__ import annotations

import base64
import hmac
import sys
import time

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from examples.directory import USERS

STEP = 30  # seconds for which a code is shown
DIGITS = 6
AROUND = (0, -1, 1)  # steps that a phone's clock, and a slow hand, may be off (RFC 6238, 5.2)


class OneTimeCodes:
    """Which codes are right. It remembers the last one of each person: nobody gets in with one that was seen."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def accept(self, username: str, secret: str, code: str) -> bool:
        now = int(time.time()) // STEP
        for step in (now + around for around in AROUND):
            if step > self._last.get(username, 0) and hmac.compare_digest(code_at(secret, step), code.encode()):
                self._last[username] = step
                return True
        return False


def code_at(secret: str, step: int) -> bytes:
    """The code that `secret` (base32, as in a QR code) shows in this step since the epoch."""
    # SHA-1 is what the apps have; as an HMAC it is not broken.
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP).generate(step * STEP)


if __name__ == "__main__":
    print(code_at(USERS[sys.argv[1]]["totp"], int(time.time()) // STEP).decode())
