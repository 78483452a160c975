"""What a command prints: colours and tables on a terminal, plain text in a pipe, JSON for machines.

Rules are hostile, and so are their log lines, names and claims: whatever is printed passes `visible`, so that none
of it can move a cursor, fake a line or turn the direction of writing.
"""

from __future__ import annotations

import errno
import json
import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import msgspec
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.table import Table
from rich.text import Text

from cli.refusal import Refused

if TYPE_CHECKING:
    from rich.progress import Progress

Part = str | tuple[str, str]  # a text, or one with its style

GOOD, BAD, CHANGED, QUIET = "green", "red", "yellow", "dim"
DIFF_STYLES = {"+": GOOD, "-": BAD, "@": "cyan"}


class Output:
    """Standard output of one command."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._progress = Console(stderr=True, highlight=False, markup=False)

    def line(self, *parts: Part) -> None:
        """One line, however long. This and all others raise `Refused` where nothing can be written."""
        with _writing():
            self._console.print(_text(*parts))

    def diff(self, lines: Sequence[str], indent: str = "    ") -> None:
        """Lines of a unified diff."""
        for line in lines:
            self.line(indent, (line, DIFF_STYLES.get(line[:1], "")))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[Part]]) -> None:
        """On a terminal a table that fits it; in a pipe columns two spaces apart, nothing cut and nothing wrapped."""
        cells = [[_text(cell) for cell in row] for row in rows]
        if self._console.is_terminal:
            table = Table(*head, box=box.SIMPLE_HEAD, pad_edge=False)
            for row in cells:
                table.add_row(*row)
            with _writing():
                self._console.print(table, soft_wrap=False)
            return
        plain = [list(head), *([cell.plain for cell in row] for row in cells)]
        widths = [max(cell_len(line[column]) for line in plain) for column in range(len(head))]
        for line in plain:
            padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
            self.line("  ".join(padded).rstrip())

    @property
    def interactive(self) -> bool:
        """Whether a person sees what is printed at once, and can answer."""
        return self._console.is_terminal and not self._console.is_dumb_terminal and sys.stdin.isatty()

    @contextmanager
    def screen(self) -> Iterator[Callable[[Sequence[Sequence[Part]], Sequence[Part]], None]]:
        """The whole terminal, which is given back at the end as it was. What it gives shows these lines and, at the
        bottom, one more; what does not fit is cut."""

        def show(lines: Sequence[Sequence[Part]], foot: Sequence[Part]) -> None:
            width, height = self._console.size
            room = max(height - 1, 1)
            filled = [*lines[:room], *[()] * (room - len(lines)), foot]
            page = [_text(*parts) for parts in filled]
            for line in page:
                line.expand_tabs()
                line.truncate(width, overflow="ellipsis")
            with _writing():
                self._console.control(Control.home(), Control.clear())
                self._console.print(Text("\n").join(page), end="")

        with self._console.screen(hide_cursor=True):
            yield show

    def json(self, value: Any) -> None:
        """Only ASCII, so that it is the same through every pipe and harmless on every terminal."""
        with _writing():
            sys.stdout.write(json.dumps(msgspec.to_builtins(value), indent=2) + "\n")
            sys.stdout.flush()

    def json_line(self, value: Any) -> None:
        """One of many, in one line; ASCII likewise."""
        with _writing():
            sys.stdout.write(json.dumps(value) + "\n")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """What is no part of the answer: on standard error."""
        self._progress.print(_text((f"claimsmith: {text}", QUIET)), soft_wrap=True)

    def require_reader(self) -> None:
        """Raises `BrokenPipeError` where standard output is a pipe whose other end is closed."""
        watched = select.poll()
        watched.register(sys.stdout.fileno(), 0)
        if any(event & select.POLLERR for _, event in watched.poll(0)):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[Callable[[], None]]:
        """A bar on standard error, where that is a terminal; what it gives is called after each of `total` parts, which
        may be unknown."""
        with self._bar(what, total) as bar:
            yield lambda: None if bar is None else bar.advance(bar.task_ids[0])

    @contextmanager
    def told_progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """The same where somebody else counts: what it gives is called with how many are done, and of how many."""
        with self._bar(what, None) as bar:
            yield lambda done, of: None if bar is None else bar.update(bar.task_ids[0], completed=done, total=of)

    @contextmanager
    def _bar(self, what: str, total: int | None) -> Iterator[Progress | None]:
        if not self._progress.is_terminal:
            yield None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._progress, transient=True) as bar:
            bar.add_task(what, total=total)
            yield bar


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise  # nobody reads any more, which is no failure of ours
    except OSError as exc:
        # What could not be written would be tried again, and fail again, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Refused(f"standard output: {(exc.strerror or type(exc).__name__).lower()}") from None


def visible(text: str) -> str:
    """The text in one line, with escapes for what a terminal would obey or not show."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\t" else char.encode("unicode_escape").decode() for char in text
    )


def compact(value: Any) -> str:
    """A JSON value in one line."""
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, sort_keys=True)


def counted(number: int, noun: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _text(*parts: Part) -> Text:
    text = Text()
    for part in parts:
        words, style = part if isinstance(part, tuple) else (part, "")
        text.append(visible(words), style or None)
    return text
