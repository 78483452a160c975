"""Carries out a rule's changes to data, and records those that reach `user` or `context`.

One recorder belongs to one step. It is closed when the step ends, so that a finaliser that runs late changes
nothing any more.
"""

from __future__ import annotations

import contextlib
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from sandbox.journal import Journal, Op, Path, pointer, token
from sandbox.plain import DICTS, LISTS, NotPlain, is_plain, plain
from sandbox.tree import NODES, Tree

FILENAME = "<rule>"
MODULE = "<module {}>"  # the file of a module that a rule imports
MISSING = object()


def rule_line(calls: int = 1) -> int:
    """The line of the rule's innermost frame; 0 when no rule is running. `calls` are known to lie in between."""
    frame = sys._getframe(calls)
    while frame is not None:
        if frame.f_code.co_filename == FILENAME:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return 0


class Closed(Exception):
    """A change after the end of its step."""


class Recorder:
    def __init__(self, step: int, tree: Tree, journal: Journal) -> None:
        self.step = step
        self.journal = journal
        self._tree = tree
        self._touched: dict[int, tuple[Any, int]] = {}
        self._given: dict[int, Any] = {}  # dicts and lists that the rule has put somewhere
        # Collections (`Counter`, `deque` ...) at their places, as they were last shown, and by which line.
        self._collected: dict[Path, tuple[Any, bytes, int]] = {}
        self._changes = 0
        self._written = 0
        self._unrecorded = 0  # changes that are made and not yet recorded
        self.doubtful = False  # whether something was put into the data that may not be plain
        self.closed = False

    # What a rule does

    def set_item(self, holder: Any, key: Any, value: Any) -> None:
        kind = type(holder)
        if kind is not dict and kind is not list:
            holder[key] = value  # an object of the rule's own class
            return
        if kind is list and type(key) is not int:
            if type(key) is slice and type(value) not in (list, tuple):
                # Taken out first: an iterator that shortens the list meanwhile has CPython write behind its end.
                value = list(value)
            self.change(holder, lambda: operator.setitem(holder, key, value))
            return
        places = self._open(holder)
        if kind is list:
            old, part = holder[key], key if key >= 0 else len(holder) + key
        elif places:
            if type(key) is not str:
                self._tree.check_key(key)
                self.doubtful = True
            old, part = holder.get(key, MISSING), key
        else:
            old, part = MISSING, key
        self._changes = changes = self._changes + 1
        self._unrecorded += 1
        try:
            holder[key] = value
        except BaseException:
            self._unrecorded -= 1  # an index or a key that cannot be: nothing has changed
            raise
        if self._changes != changes:
            self._write_whole(holder)  # the equality of a key has run the rule's code, which has changed data
        elif places and not (old is value and type(value) in (dict, list)):
            # `d.l += [1]` puts the list back where it was: its change is recorded already.
            line = rule_line(3)
            for place in places:
                self._write(place, part, old, value, line)
            self._touched[id(holder)] = holder, line
        self._unrecorded -= 1

    def append(self, holder: list[Any], value: Any) -> None:
        """`holder.append(value)`, as `change` would do it but without looking at all the rest."""
        places = self._open(holder)
        self._changes += 1
        self._unrecorded += 1
        holder.append(value)
        if places:
            line = rule_line(3)
            for place in places:
                self._write(place, len(holder) - 1, MISSING, value, line)
            self._touched[id(holder)] = holder, line
        self._unrecorded -= 1

    def delete_item(self, holder: Any, key: Any) -> None:
        self.change(holder, lambda: operator.delitem(holder, key))

    def change(self, holder: Any, act: Callable[[], Any]) -> Any:
        """Let `act` change a dict or list in any way, and record the difference it makes, also when it raises:
        `l.extend(...)` keeps what it got before."""
        before: Any = None
        if self._open(holder):
            before = dict(holder) if type(holder) is dict else list(holder)
        self._changes += 1
        self._unrecorded += 1
        written = self._written
        try:
            return act()
        finally:
            if before is None or self._written != written:
                # `act` may run the rule's code (`d.update(generator)`), which may have put `holder` into the data, or
                # have changed it and be recorded with that already.
                self._write_whole(holder)
            else:
                self._write_difference(holder, before)
            self._unrecorded -= 1

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """For a change made elsewhere: when it is not recorded before this ends, the rule is exhausted."""
        self._unrecorded += 1
        yield
        self._unrecorded -= 1

    def line_of(self, *path: str) -> int:
        """The line of this rule's last write to `user`, `context` or a member, or below it; 0 where there is none."""
        return self.journal.last_line(self.step, path)

    def check_open(self) -> None:
        """Raises `Closed` in what a rule does after its end."""
        if self.closed:
            raise Closed("the rule has ended")

    def close(self) -> None:
        self.closed = True

    # What the pipeline does when the rule has ended

    def make_plain(self, maps: tuple[str, ...], depth: int) -> None:
        """Turn what the rule left behind into plain data, taking out what JSON cannot say.

        A claim goes whole: half a value could be worse than none. Each removal is in the journal. The rule has
        ended: a finaliser that runs when a value goes changes nothing any more. Ends the rule as exhausted when a
        change could not be recorded, which a rule can bring about by using up its memory or depth.
        """
        self.closed = True
        if self._unrecorded:
            text = "a change could not be recorded: too little memory or depth was left"
            self.journal.exceed("trace_incomplete", text)
        if not self.doubtful:
            return  # each value was seen to be plain when it was put there, which spares a walk over all of them
        self._tree.own_nothing()
        self._write_collected(depth)
        touched = [
            (place, holder, line) for holder, line in self._touched.values() for place in self._tree.places(holder)
        ]
        # Innermost first, so that what is taken out is no more than what is wrong.
        for place, holder, line in sorted(touched, key=lambda entry: len(entry[0]), reverse=True):
            if self._tree.at(place) is holder:
                entries = list(holder.items()) if type(holder) is dict else list(enumerate(holder))
                for key, value in entries:
                    if type(holder) is dict and type(value) in (dict, list) and id(value) not in self._given:
                        continue  # it came in as plain data; where it was changed, it is an entry of its own
                    try:
                        if type(holder) is dict:
                            plain({key: None}, 1)
                        if type(value) is not str or not value.isascii():
                            holder[key] = plain(value, depth)
                    except NotPlain as error:
                        self._take_out((*place, key), str(error), maps, line)
                        if type(holder) is list:
                            break

    def _take_out(self, path: Path, reason: str, maps: tuple[str, ...], line: int) -> None:
        if path[0] == "context" and len(path) > 3 and path[1] in maps:
            path = path[:3]
        while len(path) > 2 and type(self._tree.at(path[:-1])) is not dict:
            path = path[:-1]
        holder = self._tree.at(path[:-1])
        if type(holder) is dict and path[-1] in holder:
            places = self._tree.places(holder)
            shown = [self._tree.shown((*place, path[-1])) for place in places]
            del holder[path[-1]]
            for place, path_shown in zip(places, shown, strict=True):
                if self._tree.at(place) is not holder:
                    continue  # gone with a claim that was taken out just now
                if place[0] == "context" and len(place) > 2 and place[1] in maps:
                    self._take_out(place[:3], reason, maps, line)  # it stands in another claim, too
                else:
                    self.journal.refuse(self.step, path_shown, reason, line)

    # Inside

    def _open(self, holder: Any) -> list[Path]:
        if self.closed:
            self.check_open()
        return self._tree.places(holder)

    def _write(self, place: Path, part: Any, old: Any, new: Any, line: int) -> None:
        """Record that at `part` of what stands at `place` there was `old` and now is `new`."""
        self._written += 1
        path = (*place, part)
        if self._collected:
            self._write_collected()
            for shown in [shown for shown in self._collected if shown[: len(path)] == path]:
                del self._collected[shown]
        # Counted before it is written down: of few objects that hold each other, text can be made without end.
        kind = type(new)
        if kind is dict or kind is list or kind is tuple:
            self._given[id(new)] = new
            certain = self._tree.attach(new, path)
        else:
            certain = new is MISSING or is_plain(new)
        if not certain:
            self.doubtful = True
            if kind in DICTS or kind in LISTS:
                self._collect(new, path)
        if type(part) is str and not part.isascii():
            self.doubtful = True
        op: Op = "add" if old is MISSING else "remove" if new is MISSING else "replace"
        where = pointer(self._tree.shown(path)) if self.doubtful else self._tree.pointer(place) + token(part)
        self.journal.write(self.step, op, where, None if old is MISSING else old, None if new is MISSING else new, line)

    def _collect(self, value: Any, path: Path) -> None:
        """Remember each `Counter` and the like in `value`, with its place and how it is shown: it changes without a
        record while the rule goes on."""
        pending: list[tuple[Any, Path]] = [(value, path)]
        while pending:
            node, place = pending.pop()
            if type(node) not in NODES:
                self._collected[place] = (node, self.journal._shown(node), rule_line())
                continue
            children = node.items() if type(node) is dict else enumerate(node)
            pending.extend(
                (child, (*place, key)) for key, child in children if type(child) in DICTS or type(child) in LISTS
            )

    def _write_collected(self, depth: int | None = None) -> None:
        """Record what has become of collections since they were shown: before any other write, and with `depth` at
        the end, as the plain data that they become."""
        for path, (held, shown, line) in self._collected.items():
            new = held
            if depth is not None:
                try:
                    new = plain(held, depth)
                except NotPlain:
                    continue  # it is taken out, which is recorded
            now = self.journal._shown(new)
            if now != shown:
                self._collected[path] = (held, now, line)
                where = pointer(self._tree.shown(path))
                self.journal.write(self.step, "replace", where, msgspec.Raw(shown), new, line)

    def _write_whole(self, holder: Any) -> None:
        line = rule_line()
        for place in self._tree.places(holder):
            self._write(place[:-1], place[-1], holder, holder, line)
            self._touched[id(holder)] = holder, line

    def _write_difference(self, holder: Any, before: Any) -> None:
        if type(holder) is dict:
            for key in holder:
                if type(key) is not str:
                    self._tree.check_key(key)
                    self.doubtful = True
        line = rule_line()
        for place in self._tree.places(holder):
            if type(holder) is list:
                self._list_difference(place, before, holder, line)
                continue
            for key in before:
                if key not in holder:
                    self._write(place, key, before[key], MISSING, line)
            for key, value in holder.items():
                old = before.get(key, MISSING)
                if old is not value:
                    self._write(place, key, old, value, line)
        self._touched[id(holder)] = holder, line

    def _list_difference(self, place: Path, before: list[Any], after: list[Any], line: int) -> None:
        """Items added at the end one by one; any other change as one replacement of the whole list."""
        count = len(before)
        if len(after) >= count and all(old is new for old, new in zip(before, after, strict=False)):
            for index in range(count, len(after)):
                self._write(place, index, MISSING, after[index], line)
        elif len(after) != count or any(old is not new for old, new in zip(before, after, strict=True)):
            self._write(place[:-1], place[-1], before, after, line)
