"""Secrets out of what is shown: a mask for each value of the configuration, wherever it can be recognised.

That is its text, as it is or as JSON writes it, and the beginning of a long one, which a trace cuts. What a rule has
made of a value (its hash, a part of it) is not recognised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from sandbox.pool import Killed
from sandbox.wire import Answer

MASK = "***"
SHORTEST = 8  # characters: a shorter value is part of too many texts
BEGINNING = 40  # characters by which a value is recognised wherever it was cut
CUT = "..."
_CLUE = re.compile(r"[A-Za-z0-9]+")


class Masking:
    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)
        self._forms = list({form: None for secret in known for form in _forms(secret)})
        # What stands in JSON text where a secret does, however often its quotes are escaped.
        self._clues = [_clue(secret).encode() for secret in known]

    def __bool__(self) -> bool:
        return bool(self._forms)

    def text(self, text: str) -> str:
        for form in self._forms:
            text = _without(text, form)
        return text

    def json(self, text: bytes) -> bytes:
        """JSON text with masks in its strings, names of members included; `null` for what is none."""
        if not any(clue in text for clue in self._clues):
            return text
        try:
            return json.dumps(self.value(json.loads(text)), ensure_ascii=False, separators=(",", ":")).encode()
        except (ValueError, RecursionError):
            return b"null"

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
        return msgspec.structs.replace(result, journal=masking.json(result.journal))
    denial = result.denial
    return msgspec.structs.replace(
        result,
        journal=msgspec.Raw(masking.json(bytes(result.journal))),
        timeline=msgspec.Raw(masking.json(bytes(result.timeline))),
        denial=None if denial is None else msgspec.structs.replace(denial, text=masking.text(denial.text)),
    )


def _forms(secret: str) -> tuple[str, ...]:
    """As it is; and as a trace quotes it, inside of a text that shows a value."""
    return secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]


def _clue(secret: str) -> str:
    return max(_CLUE.findall(secret[:SHORTEST]), key=len, default="")


def _without(text: str, form: str) -> str:
    """`text` with a mask for `form`, and for as much of its beginning as there is where one of them was cut."""
    made, at, start = [], 0, 0
    while (found := text.find(form[:SHORTEST], start)) >= 0:
        end = found + SHORTEST
        while end - found < len(form) and text[end : end + 1] == form[end - found]:
            end += 1
        length = end - found
        if length >= min(len(form), BEGINNING) or end == len(text) or text.startswith(CUT, end):
            made += [text[at:found], MASK]
            at = start = end
        else:
            start = found + 1
    return "".join([*made, text[at:]]) if made else text
