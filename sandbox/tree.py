"""Where in `user` and `context` an object stands, so that a write to it can be recorded with its path.

The data is plain dicts and lists, so a place is not known to the object. It is remembered by identity as a
hint, and every hint is checked by walking the path before it is believed: objects move when a list is sorted
and go when a key is deleted.
"""

from __future__ import annotations

import datetime
from typing import Any

from sandbox.journal import Journal, Path

NODES = (dict, list, tuple)
# Keys whose hash and equality run no code of a rule: a walk along a path must not.
KEYS = (str, int, float, bool, bytes, type(None), datetime.date, datetime.datetime, datetime.time, datetime.timedelta)


class Tree:
    def __init__(self, user: dict[str, Any], context: dict[str, Any], journal: Journal) -> None:
        self._journal, self._limits = journal, journal.limits
        self._roots = {"user": user, "context": context}
        # The objects are kept with their paths: an identity is only an identity while its object lives.
        self._places: dict[int, tuple[Any, list[Path]]] = {}
        self._whole = False
        for name, root in self._roots.items():
            self._note(root, (name,))
        for name, child in context.items():
            if type(child) is dict:
                self._note(child, ("context", name))
        self._known_at_first = frozenset(self._places)

    def places(self, value: Any) -> list[Path]:
        """All places of a dict or list in the data; none for an object that only the rule knows."""
        if not self._whole and id(value) not in self._known_at_first:
            # What came in deeper down, and has been put somewhere else since, is known by that place alone.
            self._look_everywhere()
        known = self._places.get(id(value))
        if known is None:
            return []
        for path in known[1]:
            if self.at(path) is not value:
                self._look_everywhere()
                known = self._places.get(id(value))
                break
        return list(known[1]) if known else []

    def at(self, path: Path) -> Any:
        """What stands at `path`, or None."""
        value: Any = self._roots
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def shown(self, path: Path) -> Path:
        """`path` as the trace has it: a key that is no string does not look like the string of its text."""
        if all(type(part) is str for part in path):
            return path
        parts = []
        value: Any = self._roots
        for part in path:
            parts.append(f"<{type(part).__name__}>" if type(value) is dict and type(part) is not str else part)
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                value = None  # removed: the last one
        return tuple(parts)

    def attach(self, value: Any, path: Path) -> None:
        """Note that the dict, list or tuple `value`, and what it holds, now stands at `path`."""
        pending: list[tuple[Any, Path]] = [(value, path)]
        count = 0
        while pending:
            node, place = pending.pop()
            if type(node) is not tuple:
                self._note(node, place)
            count += 1
            if count > self._limits.nodes or len(place) > self._limits.nesting + 1:
                self._journal.exceed("too_large", "the value holds too many objects, or holds itself")
            if type(node) is dict:
                for key in node:
                    self.check_key(key)
            items = node.items() if type(node) is dict else enumerate(node)
            pending.extend((child, (*place, key)) for key, child in items if type(child) in NODES)

    def check_key(self, key: Any) -> None:
        """End the rule for a key with behaviour in the data; other keys that JSON does not know go at the end."""
        if type(key) is tuple:
            for part in key:
                self.check_key(part)
        elif type(key) not in KEYS:
            self._journal.exceed("key_not_text", f"a key is a `{type(key).__name__}`: keys are strings in JSON")

    def _note(self, value: Any, path: Path) -> None:
        known = self._places.get(id(value))
        if known is None:
            self._places[id(value)] = (value, [path])
        elif len(known[1]) >= self._limits.places:
            self._journal.exceed("too_large", "the value holds too many objects, or holds itself")
        elif path not in known[1]:
            known[1].append(path)

    def _look_everywhere(self) -> None:
        self._places.clear()
        for name, root in self._roots.items():
            self.attach(root, (name,))
        self._whole = True
