"""Provenance checked by doing it again: the journal's writes over the input have to give what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from sandbox import journal
from sandbox.pool import Request
from sandbox.wire import Answer


class Unknown:
    """A value that the trace has only measured; whatever stands below it cannot be told."""

    def __repr__(self) -> str:
        return "<measured>"


UNKNOWN = Unknown()
STORES = ("user_metadata", "app_metadata")
NAMED = re.compile(r"<[^<>]{1,100}>")  # what JSON cannot say at all
NUMERIC = re.compile(
    r"-?[0-9.e+-]+|<[^<>]{1,100}>"
)  # how a key that is no text looks: its type in a path, itself in a value
BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}(==|[A-Za-z0-9+/]=))")

# Dicts that have, or had, keys which are no text, by identity.
Odd = dict[int, Any]


class Impossible(Exception):
    """An event that cannot have happened to this data."""


def unexplained(request: Request, answer: Answer) -> list[str]:
    """What the answer holds, or lacks, and the journal does not explain."""
    data: dict[str, Any] = {"user": json.loads(request.user), "context": json.loads(request.context)}
    data["updates"] = dict.fromkeys(STORES)
    for name in request.maps:
        if data["context"].get(name) is None:
            data["context"][name] = {}
    before = _text(data)
    # A change that runs the rule's code is recorded after the changes that this code makes to the same object: the
    # object is then written down whole, and what did not fit before is explained by that.
    doubtful: dict[str, str] = {}
    odd: Odd = {}
    for event in journal.read(answer.journal):
        try:
            if isinstance(event, journal.Write):
                doubtful = {path: why for path, why in doubtful.items() if not _under(path, event.path)}
                if not any(_under(event.path, path) for path in doubtful):
                    _write(data, event, odd)
            elif isinstance(event, journal.Refuse):
                holder, key = _find(data, event.path)
                if key == "<bytes>" and isinstance(holder, dict):
                    for text in filter(BASE64.fullmatch, list(holder)):  # as bytes look inside a value of the trace
                        del holder[text]
                if NAMED.fullmatch(key):
                    odd[id(holder)] = holder
                elif holder is not UNKNOWN:
                    _remove(holder, key, event.path)
            elif isinstance(event, journal.End):
                if event.step in answer.skipped:
                    data, doubtful = _read(before), {}
                before = _text(data)
        except Impossible as error:
            if not isinstance(event, journal.Write):
                return [f"{type(event).__name__.lower()}: {error}"]
            doubtful[event.path.rpartition("/")[0]] = f"write: {error}"
    if doubtful and answer.denial is None:
        return list(doubtful.values())[:1]
    if answer.denial is not None:
        return [] if answer.returns == {} else ["a denial returns something"]
    found = []
    for name in request.returns:
        is_there, was = name in answer.returns, name in data["context"]
        if is_there != was:
            found.append(f"context.{name} is {'there' if is_there else 'gone'}, and no write says so")
        elif is_there:
            found += _differences(f"context.{name}", data["context"][name], answer.returns[name], odd)
    for store in STORES:
        found += _differences(f"updates.{store}", data["updates"][store], answer.updates.get(store), odd)
    return found


def _under(path: str, other: str) -> bool:
    """Whether `path` is `other` or stands below it."""
    return path == other or path.startswith(other + "/")


def _write(data: dict[str, Any], event: journal.Write, odd: Odd) -> None:
    holder, key = _find(data, event.path)
    if NAMED.fullmatch(key):
        odd[id(holder)] = holder
        return
    if holder is UNKNOWN:
        return
    if event.op == "remove":
        _same_old(_remove(holder, key, event.path), event, odd)
        return
    new = _measured(event.new)
    if isinstance(holder, dict):
        if event.path.startswith("/updates/"):
            pass  # both stores stand from the start, as null
        elif NUMERIC.fullmatch(key) and (key in holder) != (event.op == "replace"):
            odd[id(holder)] = holder  # the number and its text are two keys, and one in a value as the trace has it
        elif (key in holder) != (event.op == "replace"):
            raise Impossible(f"{event.op} of {event.path}, which {'is' if key in holder else 'is not'} there")
        elif event.op == "replace":
            _same_old(holder[key], event, odd)
        holder[key] = new
    else:
        index = _index(holder, key, event.path)
        if event.op == "add":
            if index != len(holder):
                raise Impossible(f"add at {event.path}, which is not the end")
            holder.append(new)
        else:
            if index >= len(holder):
                raise Impossible(f"replace of {event.path}, which is not there")
            _same_old(holder[index], event, odd)
            holder[index] = new


def _same_old(value: Any, event: journal.Write, odd: Odd) -> None:
    if event.old == event.new or not _differences(event.path, value, event.new, odd):
        return  # written down once more, whole, after a change that the rule's own code or a collection has made in it
    if (old := _measured(event.old)) is not UNKNOWN and (
        differences := _differences(event.path, value, old, odd, growing=True)
    ):
        raise Impossible(f"the old value is another: {differences[0]}")


def _remove(holder: Any, key: str, path: str) -> Any:
    if isinstance(holder, dict):
        if key not in holder:
            raise Impossible(f"removal of {path}, which is not there")
        return holder.pop(key)
    index = _index(holder, key, path)
    if index >= len(holder):
        raise Impossible(f"removal of {path}, which is not there")
    return holder.pop(index)


def _find(data: Any, path: str) -> tuple[Any, str]:
    """The dict or list that holds the last part of `path`, and that part."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    for part in parts[:-1]:
        if data is UNKNOWN or NAMED.fullmatch(part):
            return UNKNOWN, ""
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        else:
            raise Impossible(f"there is no way to {path}")
    if data is not UNKNOWN and not isinstance(data, dict | list):
        raise Impossible(f"there is nothing to hold {path}")
    return data, parts[-1]


def _index(holder: Sequence[Any], key: str, path: str) -> int:
    if not key.isdigit():
        raise Impossible(f"{path} is in a list of {len(holder)}")
    return int(key)


def _measured(value: Any) -> Any:
    """`value`, or `UNKNOWN` where the trace has measured it, or where it is written as the trace writes that."""
    if isinstance(value, dict) and value.keys() == {"$truncated"}:
        return UNKNOWN
    if isinstance(value, str) and NAMED.fullmatch(value):
        return UNKNOWN
    return value


def _differences(path: str, expected: Any, found: Any, odd: Odd, growing: bool = False) -> list[str]:
    """`growing`: `found` may have more at its end, as it has inside a change that runs the rule's code."""
    if expected is UNKNOWN:
        return []
    if isinstance(expected, dict) and isinstance(found, dict):
        hidden = NUMERIC if id(expected) in odd else NAMED
        expected, found = (
            {key: value for key, value in each.items() if not hidden.fullmatch(key)} for each in (expected, found)
        )
        if growing and found.keys() > expected.keys():
            found = {key: found[key] for key in expected}
        if expected.keys() != found.keys():
            return [f"{path} has the keys {_cut(sorted(found))}, by the journal {_cut(sorted(expected))}"]
        return [
            text for key in expected for text in _differences(f"{path}.{key}", expected[key], found[key], odd, growing)
        ]
    if isinstance(expected, list) and isinstance(found, list):
        if growing and len(found) > len(expected):
            found = found[: len(expected)]
        if len(expected) != len(found):
            return [f"{path} has {len(found)} items, by the journal {len(expected)}"]
        pairs = enumerate(zip(expected, found, strict=True))
        return [text for index, pair in pairs for text in _differences(f"{path}[{index}]", *pair, odd, growing)]
    if type(expected) is type(found) and (expected == found or expected != expected):
        return []
    return [f"{path} is {_cut(found)}, by the journal {_cut(expected)}"]


def _cut(value: Any) -> str:
    return repr(value)[:200]


def _text(data: Any) -> str:
    return json.dumps(data, default=lambda _: {"$unknown": True})


def _read(text: str) -> Any:
    return json.loads(text, object_hook=lambda value: UNKNOWN if value == {"$unknown": True} else value)
