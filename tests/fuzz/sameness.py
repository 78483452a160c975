"""Whether two answers to one request are the same, but for times, addresses, and details left out for lack of time."""

from __future__ import annotations

import re

import msgspec

from sandbox import journal
from sandbox.wire import Answer

ADDRESS = re.compile(rb"0x[0-9a-f]{6,16}")
BARE = b'"function":""'


def differences_between(first: Answer, second: Answer) -> list[tuple[str, str]]:
    """Two runs of one program are the same but for their times, and for addresses in texts."""
    one, other = (ADDRESS.sub(b"0x", timeless(answer)) for answer in (first, second))
    if one == other or b"timed_out" in one + other or b'"rule_memory"' in one + other:
        return []
    if sorted(one) == sorted(other) and b"<" in one:
        return []  # a set of objects was shown, or made to text: its order is that of their addresses
    if BARE in one + other:  # for want of time an error is shown without its values and advice
        one, other = (ADDRESS.sub(b"0x", timeless(answer, bare=True)) for answer in (first, second))
        if one == other:
            return []
    at = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
    start = max(at - 60, 0)
    return [("determinism", f"{one[start : at + 60]!r} and {other[start : at + 60]!r}")]


def timeless(answer: Answer, bare: bool = False) -> bytes:
    """The answer without what may differ from one run to the next."""
    events = [_without_time(event, bare) for event in journal.read(answer.journal)]
    same = msgspec.structs.replace(answer, seq=0, tired=False, times=[], journal=msgspec.Raw(b"[]"))
    return msgspec.json.encode((same, events))


def _without_time(event: journal.Event, bare: bool) -> journal.Event:
    if not isinstance(event, journal.End):
        return event
    error = event.error
    if error is not None and bare:
        error = msgspec.structs.replace(error, message="", frames=[], causes=[])
    return msgspec.structs.replace(event, microseconds=0, error=error)
