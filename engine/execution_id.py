"""Identifiers of executions: ULIDs, which sort by time and cannot be guessed."""

from __future__ import annotations

CHANCE = 10  # random bytes
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


def execution_id(clock: int, chance: bytes) -> str:
    """26 characters: 48 bits of milliseconds (`clock` is in nanoseconds since the epoch), 80 random bits, `chance`."""
    number = (clock // 1_000_000 << 80) | int.from_bytes(chance, "big")
    return "".join([PAIRS[number >> shift & 1023] for shift in range(120, -10, -10)])
