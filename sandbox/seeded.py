"""Randomness that a replay can draw again: every bit comes from the execution's seed."""

from __future__ import annotations

import hashlib
import random


class Seeded(random.Random):
    """`random.Random` over SHAKE-256 of a seed: unpredictable without the seed, the same with it."""

    def __new__(cls, seed: bytes) -> Seeded:
        return super().__new__(cls)

    def __init__(self, seed: bytes) -> None:
        self._key = seed
        self._count = 0
        self._pool = b""
        super().__init__(0)

    def _take(self, count: int) -> bytes:
        if count > len(self._pool):
            blocks = hashlib.shake_256(self._key + self._count.to_bytes(8, "big"))
            self._count += 1
            self._pool += blocks.digest(max(count - len(self._pool), 256))
        taken, self._pool = self._pool[:count], self._pool[count:]
        return taken

    def random(self) -> float:
        return (int.from_bytes(self._take(7), "big") >> 3) * 2.0**-53

    def getrandbits(self, k: int) -> int:
        if type(k) is not int or k < 0:
            raise ValueError("the number of bits is an integer, not below 0")
        count = (k + 7) // 8
        return int.from_bytes(self._take(count), "big") >> (count * 8 - k)

    def below(self, exclusive_upper_bound: int) -> int:
        """`secrets.randbelow`."""
        if exclusive_upper_bound <= 0:
            raise ValueError("the upper bound is above 0")
        return self.randrange(exclusive_upper_bound)

    def seed(self, *args: object, **keywords: object) -> None:
        """Nothing: the seed is the execution's."""
