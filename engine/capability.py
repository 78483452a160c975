"""What an issuer's protocol can carry: not every issuer can be told all that a rule may ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

Token = Literal["idToken", "accessToken"]
TOKENS: tuple[Token, Token] = ("idToken", "accessToken")
Kind = Literal["string", "integer", "number", "boolean", "strings", "array", "object", "null"]
EVERY_KIND: tuple[Kind, ...] = ("string", "integer", "number", "boolean", "strings", "array", "object", "null")
Names = tuple[str, ...]

# What may be left out because of it, each a notice in the execution's warnings.
LEFT_OUT = {
    "token_not_issued": "this call of the issuer is not about that token",
    "claim_reserved": "the issuer lets nobody else set a claim of that name",
    "claim_not_added": "the issuer lets nobody set new claims in this call",
    "claim_not_overwritten": "the issuer has set it, and lets nobody change it",
    "claim_not_removed": "the issuer has set it, and lets nobody remove it",
    "value_not_carried": "the issuer's protocol has no such values",
    "value_as_text": "the issuer's protocol has texts only, and the value was written as one",
    "update_not_carried": "the issuer's protocol cannot store metadata",
    "scope_not_carried": "the issuer's protocol cannot change the scope",
    "lifetime_not_carried": "the issuer's protocol cannot change how long that token lives, or not to this",
}


class Capability(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the answer to one call of an issuer can say.

    `tokens` are those that the call is about. A value is of one of the kinds `values`, or of one of `as_text`, and is
    written as a text then; `kinds` are those of single claims. `reserved` are names of claims, a `*` at the end stands
    for any rest. `add` says whether new ones can be set; `overwrite` and `remove` say of which claims that came with
    the call: of all or none, or which ones. `members` are lists of texts among these of which only members can be
    swapped for new ones, or taken out (`swapped`). With `one_bag` both tokens draw on the same claims. `limit` is the
    size of all claims together, or with `limit_of` `changes` of those that are new or another, as JSON in bytes, or in
    characters as JavaScript counts them (the `unit`). `lifetime` are the bounds in seconds; `updates` the stores that
    can be changed, where `update_removes` also by taking something out; `interaction` whether a login can be sent to a
    page, or asked for a second factor.
    """

    issuer: str
    tokens: tuple[Token, ...] = TOKENS
    values: tuple[Kind, ...] = EVERY_KIND
    as_text: tuple[Kind, ...] = ()
    kinds: dict[str, tuple[Kind, ...]] = {}
    reserved: dict[Token, Names] = {}
    add: bool = True
    overwrite: bool | Names = True
    remove: bool | Names = True
    members: Names = ()
    one_bag: bool = False
    limit: int | None = None
    limit_of: Literal["all", "changes"] = "all"
    unit: Literal["bytes", "characters"] = "bytes"
    scope: bool = False
    lifetime: dict[Token, tuple[int, int]] = {}
    updates: Names = ()
    update_removes: bool = True
    interaction: bool = False

    def allows(self, name: str, kind: Kind) -> bool:
        return kind in self.kinds.get(name, self.values)


class Listed:
    """Whether a name is one of those in a list, in a time that does not grow with it: a call can name tens of thousands
    of claims. With `patterns`, a `*` at the end of one stands for any rest; names out of a call are none."""

    def __init__(self, names: bool | Names, *, patterns: bool = False) -> None:
        self._every = names is True
        self._names = frozenset(() if isinstance(names, bool) else names)
        self._beginnings = tuple(name[:-1] for name in self._names if patterns and name.endswith("*"))

    def __contains__(self, name: str) -> bool:
        return self._every or name in self._names or name.startswith(self._beginnings)


def swapped(before: Sequence[str], after: Sequence[str]) -> list[str] | None:
    """What members that are swapped and taken out make of a list that should become `after`: the same members, the new
    ones at its end. None where that cannot be: it would have to grow, or to have a member once more."""
    have, want = Counter(before), Counter(after)
    new, gone = want - have, have - want
    if new.total() > gone.total() or any(count > 1 or member in have for member, count in new.items()):
        return None
    left = []
    for member in before:
        if gone[member]:
            gone[member] -= 1
        else:
            left.append(member)
    return [*left, *new]


def kind_of(value: Any) -> Kind:
    """The kind of a JSON value. A list is `strings` where all its members are, the empty one included."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, list):
        return "strings" if all(isinstance(member, str) for member in value) else "array"
    return "null" if value is None else "object"
