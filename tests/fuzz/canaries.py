"""What must never come back: each canary is a number, looked for as it is and in the ways a rule could write it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable


def canary() -> str:
    """Twenty-one digits, which survive any change of case."""
    return "".join(secrets.choice("123456789") for _ in range(21))


def forms(text: str) -> tuple[bytes, ...]:
    """`text` as it is, backwards, as hex, and as base64 at each of the three offsets."""
    plain = text.encode()
    encoded = (base64.b64encode(b"\0" * pad + plain)[4 if pad else 0 :][:20] for pad in range(3))
    return (plain, plain[::-1], plain.hex().encode(), *encoded)


class Canaries:
    """The canaries of one run, and the search for them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.values = {name: canary() for name in names}
        self._forms = [(name, form) for name, value in self.values.items() for form in forms(value)]

    def seen(self, text: bytes, but: str = "") -> list[str]:
        """The names of those in `text`, `but` one that belongs there."""
        return sorted({name for name, form in self._forms if name != but and form in text})
