"""Secrets out of what is shown: a mask for each value of the configuration, wherever it can be recognised.

That is its text, as it is or as JSON, Python and addresses write it, and the beginning of a long one, which a trace
cuts. What a rule has made of a value (its hash, its base64, a part of it) is not recognised.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from engine.masked import masked_event, masked_message
from engine.trace import events_of
from sandbox import timeline
from sandbox.pool import Killed
from sandbox.wire import Answer

MASK = "***"
SHORTEST = 8  # characters: a shorter value is part of too many texts
BEGINNING = 40  # characters by which a value is recognised wherever it was cut
CUT = "..."
_CLUE = re.compile(r"[A-Za-z0-9]+")
_encode = msgspec.json.Encoder().encode


class Masking:
    """What rules and issuers say is hostile, and so is what they make of a value: the time for a text grows with its
    length, and hardly with how many values begin alike."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if len(secret) >= SHORTEST}
        alike: dict[str, set[str]] = {}
        for secret in known:
            for form in _forms(secret):
                alike.setdefault(form[:SHORTEST], set()).add(form)
        self._alike = {start: _Alike(forms) for start, forms in alike.items()}
        # What stands in JSON text where a secret does, however often its quotes are escaped.
        self._clues = list({_clue(secret).encode() for secret in known})

    def __bool__(self) -> bool:
        return bool(self._alike)

    def text(self, text: str) -> str:
        starts = [start for start in self._alike if start in text] if len(text) >= SHORTEST else []
        if not starts:
            return text
        made, done = [], 0
        for at, end in sorted(place for start in starts for place in self._alike[start].places(text, start)):
            if at >= done:
                made += [text[done:at], MASK]
            done = max(done, end)  # of two that overlap nothing is left
        return "".join([*made, text[done:]])

    def json(self, text: bytes) -> bytes:
        """JSON text with masks in its strings, names of members included; the same text where it holds nothing, and
        `null` for what is no JSON."""
        if not self.may_stand_in(text):
            return text
        try:
            value = json.loads(text)
            masked = self.value(value)
            if masked == value:
                return text
            return json.dumps(masked, ensure_ascii=False, separators=(",", ":")).encode()
        except (ValueError, RecursionError):
            return b"null"

    def message(self, text: bytes) -> bytes:
        """The same of an answer to a call."""
        if not self.may_stand_in(text):
            return text
        return _encode(masked_message(msgspec.json.decode(text), self.value))

    def journal(self, text: bytes) -> bytes:
        """The same of a journal (`sandbox.journal`)."""
        if not self.may_stand_in(text):
            return text
        return _encode([masked_event(event, self.value) for event in events_of(text)])

    def timeline(self, text: bytes) -> bytes:
        """The same of a timeline (`sandbox.timeline`)."""
        if not self.may_stand_in(text):
            return text
        entries = msgspec.to_builtins(timeline.read(text))
        return _encode([{name: self.value(value) for name, value in entry.items()} for entry in entries])

    def may_stand_in(self, text: bytes) -> bool:
        """Whether a value may stand in JSON text: a quick look, before it is read."""
        return any(clue in text for clue in self._clues)

    def value(self, value: Any) -> Any:
        """JSON data with masks in its texts, names of members included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.value(member) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(member) for member in value]
        return value

    def holds(self, value: Any) -> bool:
        """Whether a value of the configuration stands in JSON data."""
        return bool(self) and self.value(value) != value


NOTHING = Masking(())


def without_secrets(result: Answer | Killed, masking: Masking) -> Answer | Killed:
    """What a worker says of an execution, for all who read it later. Its data stay: what a rule has put there, it has
    put there on purpose."""
    if not masking:
        return result
    if isinstance(result, Killed):
        return msgspec.structs.replace(result, journal=masking.journal(result.journal))
    denial = result.denial
    return msgspec.structs.replace(
        result,
        journal=msgspec.Raw(masking.journal(bytes(result.journal))),
        timeline=msgspec.Raw(masking.timeline(bytes(result.timeline))),
        denial=None if denial is None else msgspec.structs.replace(denial, text=masking.text(denial.text)),
    )


class _Alike:
    """Forms of secrets that begin with the same `SHORTEST` characters."""

    def __init__(self, forms: Iterable[str]) -> None:
        self._forms = sorted(forms)
        self._longest = len(max(self._forms, key=len))
        self._heads = {form[:BEGINNING] for form in self._forms}
        self._lengths = sorted({len(head) for head in self._heads}, reverse=True)

    def places(self, text: str, start: str) -> Iterator[tuple[int, int]]:
        """Where one of them stands, or as much of its beginning as there is where it was cut."""
        at = text.find(start)
        while at >= 0:
            length = self._length(text, at)
            if length:
                yield at, at + length
            at = text.find(start, at + (length or 1))

    def _length(self, text: str, at: int) -> int:
        for length in self._lengths:  # the longest first
            if text[at : at + length] in self._heads:
                return length if length < BEGINNING else self._common(text[at : at + self._longest])
        if len(text) - at >= BEGINNING and text.find(CUT, at + SHORTEST, at + BEGINNING + len(CUT)) < 0:
            return 0  # it is not cut here
        end = at + self._common(text[at : at + BEGINNING])
        return end - at if end == len(text) or text.startswith(CUT, end) else 0

    def _common(self, text: str) -> int:
        """How many characters `text` has in common with one of them at most: in their order that is a neighbour."""
        place = bisect_left(self._forms, text)
        return max(_common(text, form) for form in self._forms[max(place - 1, 0) : place + 1])


def _common(text: str, other: str) -> int:
    count = 0
    for one, two in zip(text, other, strict=False):
        if one != two:
            break
        count += 1
    return count


def _forms(secret: str) -> set[str]:
    """As it is; as a trace quotes it, inside of a text that shows a value, and that again inside of another; and in
    addresses and forms."""
    forms = {secret}
    for _ in range(2):
        forms |= {written for form in forms for written in (_json(form), _json(form, ascii_only=False))}
    return forms | {repr(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}


def _json(text: str, *, ascii_only: bool = True) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _clue(secret: str) -> str:
    return max(_CLUE.findall(secret[:SHORTEST]), key=len, default="")
