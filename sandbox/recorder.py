"""Carries out a rule's changes to data, and records those that reach `user` or `context`.

One recorder belongs to one step. It is closed when the step ends, so that a finaliser that runs late changes
nothing any more.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from sandbox.journal import Journal, Path
from sandbox.plain import NotPlain, plain
from sandbox.tree import Tree

FILENAME = "<rule>"
MISSING = object()


def rule_line() -> int:
    """The line of the rule's innermost frame; 0 when no rule is running."""
    frame = sys._getframe(1)
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
        self.closed = False

    # What a rule does

    def set_item(self, holder: Any, key: Any, value: Any) -> None:
        if type(holder) is dict:
            places = self._open(holder)
            old = holder.get(key, MISSING) if places else MISSING
            holder[key] = value
            if old is value and type(value) in (dict, list):
                return  # `d.l += [1]` puts the list back where it was: its change is recorded already
            for place in places:
                self._write((*place, key), old, value)
            if places:
                self._touch(holder)
        elif type(holder) is list:
            if type(key) is not int:
                self.change(holder, lambda: operator.setitem(holder, key, value))
                return
            places = self._open(holder)
            old = holder[key]
            holder[key] = value
            index = key if key >= 0 else len(holder) + key
            for place in places:
                self._write((*place, index), old, value)
            if places:
                self._touch(holder)
        else:
            holder[key] = value

    def append(self, holder: list[Any], value: Any) -> None:
        """`holder.append(value)`, as `change` would do it but without looking at all the rest."""
        places = self._open(holder)
        holder.append(value)
        for place in places:
            self._write((*place, len(holder) - 1), MISSING, value)
        if places:
            self._touch(holder)

    def delete_item(self, holder: Any, key: Any) -> None:
        self.change(holder, lambda: operator.delitem(holder, key))

    def change(self, holder: Any, act: Callable[[], Any]) -> Any:
        """Let `act` change a dict or list in any way, and record the difference it makes."""
        if not self._open(holder):
            result = act()
            # `act` may run the rule's code (`d.update(generator)`), which may have put `holder` into the data.
            for place in self._tree.places(holder):
                self._write(place, holder, holder)
                self._touch(holder)
            return result
        if type(holder) is dict:
            before = dict(holder)
            result = act()
            for place in self._tree.places(holder):
                for key in before:
                    if key not in holder:
                        self._write((*place, key), before[key], MISSING)
                for key, value in holder.items():
                    old = before.get(key, MISSING)
                    if old is not value:
                        self._write((*place, key), old, value)
        else:
            items = list(holder)
            result = act()
            for place in self._tree.places(holder):
                self._list_difference(place, items, holder)
        self._touch(holder)
        return result

    def check_open(self) -> None:
        """Raises `Closed` in what a rule does after its end."""
        if self.closed:
            raise Closed("the rule has ended")

    def close(self) -> None:
        self.closed = True

    # What the pipeline does when the rule has ended

    def make_plain(self, maps: tuple[str, ...], depth: int) -> None:
        """Turn what the rule left behind into plain data, taking out what JSON cannot say.

        A claim goes whole: half a value could be worse than none. Each removal is in the journal.
        """
        touched = [
            (place, holder, line) for holder, line in self._touched.values() for place in self._tree.places(holder)[:1]
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
            del holder[path[-1]]
            self.journal.refuse(self.step, path, reason, line)

    # Inside

    def _open(self, holder: Any) -> list[Path]:
        self.check_open()
        return self._tree.places(holder)

    def _touch(self, holder: Any) -> None:
        self._touched[id(holder)] = (holder, rule_line())

    def _write(self, path: Path, old: Any, new: Any) -> None:
        # Counted before it is written down: of few objects that hold each other, text can be made without end.
        if type(new) in (dict, list, tuple):
            self._given[id(new)] = new
            self._tree.attach(new, path)
        op = "add" if old is MISSING else "remove" if new is MISSING else "replace"
        self.journal.write(
            self.step,
            op,  # type: ignore[arg-type]
            path,
            None if old is MISSING else old,
            None if new is MISSING else new,
            rule_line(),
        )

    def _list_difference(self, place: Path, before: list[Any], after: list[Any]) -> None:
        """Items added at the end one by one; any other change as one replacement of the whole list."""
        count = len(before)
        if len(after) >= count and all(old is new for old, new in zip(before, after, strict=False)):
            for index in range(count, len(after)):
                self._write((*place, index), MISSING, after[index])
        elif len(after) != count or any(old is not new for old, new in zip(before, after, strict=True)):
            self._write(place, before, after)
