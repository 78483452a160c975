"""Identifiers of executions: ULIDs, which sort by time and cannot be guessed."""

from __future__ import annotations

CHANCE = 10  # random bytes
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


LAST = (1 << 48) * 1_000_000 - 1  # nanoseconds since the epoch: of a later moment there is no identifier


def first_id(clock: int) -> str:
    """What no identifier of this moment, in nanoseconds since the epoch, or of a later one is less than."""
    return execution_id(min(max(clock, 0), LAST), bytes(CHANCE))


def last_id(clock: int) -> str:
    """What no identifier of this moment or of an earlier one is greater than."""
    return execution_id(min(max(clock, 0), LAST), b"\xff" * CHANCE)


def execution_id(clock: int, chance: bytes) -> str:
    """26 characters: 48 bits of milliseconds (`clock` is in nanoseconds since the epoch), 80 random bits, `chance`."""
    number = (clock // 1_000_000 << 80) | int.from_bytes(chance, "big")
    return "".join([PAIRS[number >> shift & 1023] for shift in range(120, -10, -10)])
