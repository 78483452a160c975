"""Walks along a timeline on a terminal, key by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cli.execution import change_words
from cli.keys import END, Keys
from cli.output import BAD, CHANGED, GOOD, QUIET, Output, Part
from cli.timeline import Timeline

AROUND = 4  # lines of source shown before and behind the one that runs
MOST_VARIABLES = 12
HELP = (
    ("n, Enter, →", "the next line"),
    ("p, ←", "the line before"),
    ("N, P", "the next rule, the rule before"),
    ("g LINE", "where this line of the rule runs next"),
    ("w NAME", "who last changed a variable, or wrote a path or a claim"),
    ("b, e", "the beginning, the end"),
    ("q", "leave"),
)
FOOT = "n next  p back  N P rule  g line  w who wrote  b begin  e end  ? help  q quit"
PROMPTS = {"g": "go to line: ", "w": "who wrote: "}
Shown = Sequence[Part]


class Walk:
    """Where somebody is on a timeline that has lines."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._place = 0
        self._said = ""
        self._helping = False

    def go(self, output: Output) -> None:
        """Until `q`, or the end of the input."""
        with output.screen() as show, Keys() as keys:
            while True:
                show(self._page(), self._foot())
                key = keys.read()
                if key in ("q", END):
                    return
                self._said = ""
                helped, self._helping = self._helping, key == "?"
                if key == "?" or (helped and key in ("escape", "enter")):
                    continue
                if key in PROMPTS:
                    self._jump(key, self._typed(keys, show, PROMPTS[key]))
                else:
                    self._step(key)

    def _step(self, key: str) -> None:
        last = len(self._timeline.lines) - 1
        if key in ("n", "enter", "right"):
            self._to(min(self._place + 1, last), "that is the end")
        elif key in ("p", "left"):
            self._to(max(self._place - 1, 0), "that is the beginning")
        elif key in ("N", "P"):
            by = 1 if key == "N" else -1
            found = self._timeline.rule_start(self._place, by)
            self._to(self._place if found is None else found, f"there is no rule {'behind' if by > 0 else 'before'}")
        elif key in ("b", "home"):
            self._place = 0
        elif key in ("e", "end"):
            self._place = last

    def _jump(self, key: str, text: str | None) -> None:
        if not text:
            return
        if key == "w":
            self._to(self._timeline.last_change(self._place, text), f"nothing before this line has changed `{text}`")
            return
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
        rule = self._timeline.lines[self._place].rule
        self._to(self._timeline.next_run(self._place, number), f"line {text} of rule {rule} did not run")

    def _typed(self, keys: Keys, show: Callable[[Sequence[Shown], Shown], None], prompt: str) -> str | None:
        """What is typed until Enter; None where somebody thinks better of it."""
        text = ""
        while True:
            show(self._page(), (f"{prompt}{text}_",))
            key = keys.read()
            if key == "enter":
                return text.strip()
            if key in ("escape", END):
                return None
            if key == "backspace":
                text = text[:-1]
            elif len(key) == 1 and key.isprintable():
                text += key

    def _to(self, place: int | None, otherwise: str) -> None:
        """There; where that is nowhere else, it says so."""
        if place is None or place == self._place:
            self._said = otherwise
        else:
            self._place = place

    def _foot(self) -> Shown:
        return ((self._said, CHANGED),) if self._said else ((FOOT, QUIET),)

    def _page(self) -> list[Shown]:
        if self._helping:
            return [(f"{keys:<14}{does}",) for keys, does in HELP]
        lines, place = self._timeline.lines, self._place
        line = lines[place]
        head = f"  {line.rule} version {line.version}, line {line.line} in {line.function}"
        page: list[Shown] = [((f"{place + 1}/{len(lines)}", QUIET), (head, "bold"), ("  " + ">" * line.depth, QUIET))]
        page += [(), *self._source(), ()]
        page += _named("values", line.values.items())
        variables = list(self._timeline.variables(place).items())
        page += _named("variables", variables[-MOST_VARIABLES:])
        page += _named("changes", line.changed.items(), CHANGED)
        page += [
            (f"{'writes':<11}", f"{write.path}  ", (change_words(write.op, write.old, write.new), CHANGED))
            for write in self._timeline.writes[place]
        ]
        if line.returned is not None:
            page.append((f"{'returns':<11}", (line.returned, GOOD)))
        if line.raised is not None:
            page.append((f"{'raises':<11}", (line.raised, BAD)))
        return page

    def _source(self) -> list[Shown]:
        """The lines around the one that runs, of those that ran: of others the text is not known."""
        here = self._timeline.lines[self._place]
        sources = self._timeline.sources(here.rule)
        numbers = sorted(sources)
        at = numbers.index(here.line)
        shown: list[Shown] = []
        before = None
        for number in numbers[max(at - AROUND, 0) : at + AROUND + 1]:
            if before is not None and number > before + 1:
                shown.append((("         ...", QUIET),))
            before = number
            current = number == here.line
            mark, style = (">", "bold") if current else (" ", QUIET)
            shown.append(((f"{mark} {number:>6}  {sources[number]}", style),))
        return shown


def _named(what: str, pairs: Iterable[tuple[str, str]], style: str = "") -> list[Shown]:
    return [(f"{'' if place else what:<11}", f"{name} = ", (text, style)) for place, (name, text) in enumerate(pairs)]
