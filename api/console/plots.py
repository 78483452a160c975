"""Series of numbers as shapes of a plot, in its own units. Nothing is drawn here: templates do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 28  # around the plot itself
ACROSS, DOWN = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
TICKS = 4  # lines at most, beside the one at zero
LABELS = 4  # times below

Series = Sequence[Mapping[str, Any]]  # as `/v1/traffic` has it


class Tick(NamedTuple):
    at: float
    text: str


class Bar(NamedTuple):
    x: float
    y: float
    width: float
    height: float


class Dot(NamedTuple):
    x: float
    y: float


class Plot(NamedTuple):
    """`lines` are the points of polylines by the names of their values: one ends where a value is missing. `dots` are
    values that have no neighbour, so no line. `bars` likewise by names."""

    ticks: list[Tick]
    times: list[Tick]
    lines: dict[str, list[str]]
    dots: dict[str, list[Dot]]
    bars: dict[str, list[Bar]]


def of_lines(series: Series, names: Sequence[str]) -> Plot:
    """A line for each of the names."""
    scale = _Scale(max((part[name] or 0 for part in series for name in names), default=0))
    runs = {name: list(_runs(series, name, scale)) for name in names}
    return Plot(
        ticks=scale.ticks(),
        times=_times(series),
        lines={name: [_points(run) for run in found if len(run) > 1] for name, found in runs.items()},
        dots={name: [run[0] for run in found if len(run) == 1] for name, found in runs.items()},
        bars={},
    )


def of_bars(series: Series, names: Mapping[str, float]) -> Plot:
    """Bars for each of the names, which stand before one another; each as wide as that part of its place."""
    scale = _Scale(max((part[name] for part in series for name in names), default=0), whole=True)
    place = ACROSS / max(len(series), 1)
    bars: dict[str, list[Bar]] = {name: [] for name in names}
    for number, part in enumerate(series):
        for name, wide in names.items():
            if part[name]:
                y = scale.y(part[name])
                x = LEFT + place * (number + (1 - wide) / 2)
                bars[name].append(Bar(_round(x), y, _round(place * wide), _round(TOP + DOWN - y)))
    return Plot(ticks=scale.ticks(), times=_times(series), lines={}, dots={}, bars=bars)


class _Scale:
    """From zero to a round number that is not less than `most`."""

    def __init__(self, most: float, *, whole: bool = False) -> None:
        self._step = _step(most / TICKS, whole)
        self._top = self._step * max(math.ceil(most / self._step), 1)

    def y(self, value: float) -> float:
        return _round(TOP + DOWN * (1 - value / self._top))

    def ticks(self) -> list[Tick]:
        values = [self._step * number for number in range(round(self._top / self._step) + 1)]
        return [Tick(self.y(value), f"{value:,.10g}") for value in values]


def _step(least: float, whole: bool) -> float:
    """1, 2 or 5 times a power of ten, not less than `least`."""
    if least <= 0:
        return 1
    power = 10 ** math.floor(math.log10(least))
    step = next(float(power * part) for part in (1, 2, 5, 10) if power * part >= least * (1 - 1e-9))
    return max(step, 1) if whole else step


def _runs(series: Series, name: str, scale: _Scale) -> Iterator[list[Dot]]:
    run: list[Dot] = []
    for number, part in enumerate(series):
        if part[name] is None:
            if run:
                yield run
            run = []
        else:
            run.append(Dot(_x(number, series), scale.y(part[name])))
    if run:
        yield run


def _points(run: Sequence[Dot]) -> str:
    return " ".join(f"{dot.x:g},{dot.y:g}" for dot in run)


def _x(number: int, series: Series) -> float:
    return _round(LEFT + ACROSS * (number + 0.5) / len(series))


def _times(series: Series) -> list[Tick]:
    """Times below the plot, in UTC; with the day where it is not one day."""
    if not series:
        return []
    moments = [datetime.fromisoformat(part["at"]) for part in series]
    one_day = moments[0].date() == moments[-1].date()
    short = (moments[-1] - moments[0]).total_seconds() < 600
    form = "%H:%M:%S" if short else "%H:%M" if one_day else "%d %b %H:%M"
    every = max(1, math.ceil(len(series) / LABELS))
    return [Tick(_x(n, series), moments[n].strftime(form)) for n in range(every // 2, len(series), every)]


def _round(value: float) -> float:
    return round(value, 1)
