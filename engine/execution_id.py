"""Identifiers of executions: ULIDs, which sort by time and cannot be guessed."""

from __future__ import annotations

CHANCE = 10  # random bytes
RANDOM = 70  # bits of them
MILLISECOND = 1_000_000  # nanoseconds
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]


LAST = (1 << 48) * MILLISECOND - 1  # nanoseconds since the epoch: of a later moment there is no identifier


def first_id(clock: int) -> str:
    """What no identifier of this millisecond, or of a later one, is less than. `clock` is in nanoseconds since the
    epoch, as everywhere here."""
    return _text(_millisecond(min(max(clock, 0), LAST)))


def last_id(clock: int) -> str:
    """What no identifier of this millisecond or of an earlier one is greater than."""
    return _text(_millisecond(min(max(clock, 0), LAST) + MILLISECOND) - 1)


def execution_id(clock: int, chance: bytes) -> str:
    """26 characters: 48 bits of milliseconds, 10 bits of the microseconds in this one, 70 random bits, the last of
    `chance`. Of logins one after the other the later one sorts behind the other, also within a millisecond (RFC 9562,
    section 6.2, method 3)."""
    microseconds = clock % MILLISECOND // 1000
    return _text(_millisecond(clock) | microseconds << RANDOM | int.from_bytes(chance, "big") & (1 << RANDOM) - 1)


def _millisecond(clock: int) -> int:
    return clock // MILLISECOND << 80


def _text(number: int) -> str:
    return "".join([PAIRS[number >> shift & 1023] for shift in range(120, -10, -10)])
