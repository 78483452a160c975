"""Where in `user` and `context` an object stands, so that a write to it can be recorded with its path.

The data is plain dicts and lists, so a place is not known to the object. It is remembered by identity as a
hint, and every hint is checked by walking the path before it is believed: objects move when a list is sorted
and go when a key is deleted.
"""

from __future__ import annotations

import datetime
from typing import Any

from sandbox.journal import Journal, Path, pointer
from sandbox.plain import is_plain

NODES = (dict, list, tuple)
# Keys whose hash and equality run no code of a rule: a walk along a path must not.
KEYS = (str, int, float, bool, bytes, type(None), datetime.date, datetime.datetime, datetime.time, datetime.timedelta)


NOWHERE: list[Path] = []


class Tree:
    """One execution's. What is known of the data stays known from rule to rule."""

    def __init__(self, user: dict[str, Any] | None, context: dict[str, Any], journal: Journal) -> None:
        self._journal, self._limits = journal, journal.limits
        self._own: set[int] = set()
        self._pointers: dict[Path, str] = {}
        self.look_again(user, context)

    def look_again(self, user: dict[str, Any] | None, context: dict[str, Any]) -> None:
        """Forget all that was known: for other data, and to let go of a rule's objects."""
        self._roots = {"context": context} if user is None else {"user": user, "context": context}
        # The objects are kept with their paths: an identity is only an identity while its object lives.
        self._places: dict[int, tuple[Any, list[Path]]] = {}
        self._whole = False
        for name, root in self._roots.items():
            self._note(root, (name,))
        for name, child in context.items():
            if type(child) is dict:
                self._note(child, ("context", name))
        self._known_at_first = frozenset(self._places)
        self._own.clear()

    def own(self, value: Any) -> Any:
        """`value`, a list or dict that the rule has made where it stands in its text.

        It is not in the data until it is put there, which notes its places: so its changes need no search. Only its
        identity is kept. That is enough, since no object of the data can have it: what came in was there before, and
        what was put there is known.
        """
        if not self._whole:
            self._own.add(id(value))
        return value

    def own_nothing(self) -> None:
        """Search for every object again: the copies that are put into the data next are noted by nobody, and may have
        the identities of own objects that are gone."""
        self._own.clear()

    def places(self, value: Any) -> list[Path]:
        """All places of a dict or list in the data; none for an object that only the rule knows."""
        identity = id(value)
        known = self._places.get(identity)
        if known is None:
            if self._whole or identity in self._own:
                return NOWHERE
        elif self._whole or identity in self._known_at_first or identity in self._own:
            for path in known[1]:
                found: Any = self._roots
                try:
                    for part in path:
                        found = found[part]
                except (KeyError, IndexError, TypeError):
                    break
                if found is not value:
                    break
            else:
                return known[1][:]
        # What came in deeper down, and has been put somewhere else since, is known by that place alone.
        self._look_everywhere()
        known = self._places.get(identity)
        return list(known[1]) if known else NOWHERE

    def at(self, path: Path) -> Any:
        """What stands at `path`, or None."""
        value: Any = self._roots
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def pointer(self, place: Path) -> str:
        """`place` as a JSON Pointer, kept: the claims of a token stand at one place."""
        known = self._pointers.get(place)
        if known is None:
            known = self._pointers[place] = pointer(place)
        return known

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

    def attach(self, value: Any, path: Path) -> bool:
        """Note that the dict, list or tuple `value`, and what it holds, now stands at `path`.

        Answers whether all of it certainly is plain data, and no deeper than one value may be."""
        pending: list[tuple[Any, Path]] = [(value, path)]
        count, certain = 0, True
        while pending:
            node, place = pending.pop()
            if type(node) is not tuple:
                self._note(node, place)
            count += 1
            if count > self._limits.nodes or len(place) > self._limits.nesting + 1:
                self._journal.exceed("too_large", "the value holds too many objects, or holds itself")
            if type(node) is dict:
                for key in node:
                    if type(key) is not str or not key.isascii():
                        self.check_key(key)
                        certain = False
            elif type(node) is tuple:
                certain = False
            for key, child in node.items() if type(node) is dict else enumerate(node):
                kind = type(child)
                if kind is str:
                    if not child.isascii():
                        certain = False
                elif kind in NODES:
                    pending.append((child, (*place, key)))
                elif certain and not is_plain(child):
                    certain = False
            if len(place) > self._limits.depth:
                certain = False
        return certain

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
        self._own.clear()
        for name, root in self._roots.items():
            self.attach(root, (name,))
        self._whole = True
