"""Where a generator's choices come from: a seeded generator for the long run, hypothesis for the short one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Draw(Protocol):
    def below(self, count: int) -> int:
        """A number from 0 to `count` - 1; the simplest choice is 0."""


class Seeded:
    """Choices from a seed: a program is known by its seed alone."""

    __slots__ = ("_random",)

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def below(self, count: int) -> int:
        return int(self._random() * count)


class Drawn:
    """Choices that hypothesis makes, and makes smaller when something was found."""

    __slots__ = ("_draw",)

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def below(self, count: int) -> int:
        return self._draw(st.integers(0, count - 1))


def pick(draw: Draw, choices: Sequence[T]) -> T:
    return choices[draw.below(len(choices))]


def chance(draw: Draw, percent: int) -> bool:
    """True in `percent` of a hundred; the simplest choice is False."""
    return draw.below(100) >= 100 - percent
