"""Identifiers of executions: ULIDs, which sort by time and cannot be guessed."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def execution_id(clock: int) -> str:
    """26 characters: 48 bits of milliseconds (`clock` is in nanoseconds since the epoch), 80 random bits."""
    number = (clock // 1_000_000 << 80) | secrets.randbits(80)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))
