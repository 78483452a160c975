"""A program to try, made in one of several ways, of the choices of a `Draw`."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.draw import Draw, Drawn, pick
from tests.fuzz.mutation import attacks, mutated, ordinary
from tests.fuzz.writing import written

# way: in how many of a hundred programs
WAYS = {"written": 66, "ordinary, mutated": 20, "written, mutated": 7, "attack, mutated": 5, "attack": 2}
_WAYS = tuple(way for way, percent in WAYS.items() for _ in range(percent))


def program(draw: Draw) -> tuple[str, str]:
    """The way it was made, and the script."""
    way = pick(draw, _WAYS)
    if way == "written":
        return way, written(draw)
    if way == "written, mutated":
        return way, mutated(draw, written(draw), (*attacks(), *ordinary()))
    if way == "ordinary, mutated":
        return way, mutated(draw, pick(draw, ordinary()), (*attacks(), *ordinary()))
    attack = pick(draw, attacks())
    return way, attack if way == "attack" else mutated(draw, attack, (*attacks(), *ordinary()))


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Programs as a strategy."""
    return program(Drawn(draw))[1]
