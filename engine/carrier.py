"""Takes out of an execution what its issuer's protocol cannot carry, each with a notice: nothing goes silently."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.capability import LEFT_OUT, TOKENS, Capability, Listed, Token, kind_of, swapped
from engine.claims import ClaimsTooLarge, restore, same
from engine.models import Claims, Notice
from engine.trace import Blame
from sandbox.journal import pointer

MOST_NAMED = 5  # claims, in one notice


class Carrier:
    """One execution's. `notices` are what it has left out."""

    def __init__(self, capability: Capability, blame: Blame) -> None:
        self._capability = capability
        self._issuer = capability.issuer
        self._blame = blame
        self._reserved = {token: Listed(capability.reserved.get(token, ()), patterns=True) for token in TOKENS}
        self._overwritable, self._removable = Listed(capability.overwrite), Listed(capability.remove)
        self._by_member = Listed(capability.members)
        self.notices: list[Notice] = []

    def claims(self, before: dict[str, Claims], after: dict[str, Claims]) -> dict[str, Claims]:
        """The claims of both tokens as they can be carried; `before` are those that the issuer sent.

        Raises `ClaimsTooLarge` where the issuer would issue no token for their size."""
        carried: dict[str, Claims] = {token: self._token(token, before[token], after[token]) for token in TOKENS}
        if self._capability.one_bag:
            self._one_bag(carried)
        limit, unit = self._capability.limit, self._capability.unit
        if limit is not None and (size := self._size(before, carried)) > limit:
            text = f"the claims have {size} {unit} together: {self._issuer} takes {limit}"
            self.notices.append(Notice(code="too_large", message=text))
            raise ClaimsTooLarge(text)
        return carried

    def _size(self, before: dict[str, Claims], carried: dict[str, Claims]) -> int:
        """Of the claims that the issuer is told, each once."""
        told = {
            name: value
            for token in reversed(TOKENS)
            for name, value in carried[token].items()
            if self._capability.limit_of == "all" or not same(carried[token], before[token], name)
        }
        text = msgspec.json.encode(told)
        return len(text) if self._capability.unit == "bytes" else len(text.decode().encode("utf-16-le")) // 2

    def updates(self, wanted: dict[str, Claims | None]) -> dict[str, Claims | None]:
        lost = [store for store, patch in wanted.items() if patch is not None and store not in self._capability.updates]
        for store in lost:
            rule, line = self._blame.of(f"/updates/{store}")
            text = f"`{store}` was not changed: {self._issuer} cannot be told so"
            self.notices.append(Notice(code="update_not_carried", message=text, rule=rule, line=line))
        carried = wanted | dict.fromkeys(lost)
        for store, patch in carried.items():
            if patch is not None and not self._capability.update_removes and (not patch or None in patch.values()):
                rule, line = self._blame.of(f"/updates/{store}")
                text = f"nothing was taken out of `{store}`: {self._issuer} cannot be told so"
                self.notices.append(Notice(code="update_not_carried", message=text, rule=rule, line=line))
                carried[store] = {name: value for name, value in patch.items() if value is not None} or None
        return carried

    def scope(self, wanted: list[str] | None) -> list[str] | None:
        if wanted is None or self._capability.scope:
            return wanted
        text = f"`scope` was not changed: {self._issuer} cannot be told so in this call"
        self._note("scope_not_carried", "accessToken", "scope", text)
        return None

    def lifetime(self, wanted: dict[Token, int]) -> dict[Token, int]:
        """Seconds by token, within the issuer's bounds."""
        carried = {}
        for token, seconds in wanted.items():
            bounds = self._capability.lifetime.get(token)
            if bounds is not None and bounds[0] <= seconds <= bounds[1]:
                carried[token] = seconds
                continue
            allowed = f"it takes {bounds[0]} to {bounds[1]} s" if bounds else f"{self._issuer} cannot be told so"
            rule, line = self._blame.of(pointer(("context", "lifetime", token)))
            text = f"`lifetime.{token}` was not changed to {seconds} s: {allowed}"
            self.notices.append(Notice(code="lifetime_not_carried", message=text, rule=rule, line=line))
        return carried

    def _token(self, token: Token, before: Claims, after: Claims) -> Claims:
        changed = [name for name in dict.fromkeys((*after, *before)) if not same(after, before, name)]
        if token not in self._capability.tokens:
            if changed:
                self._not_issued(token, changed)
            return before
        carried = dict(after)
        for name in changed:
            wrong = self._wrong(token, name, before, after)
            if wrong is not None:
                restore(carried, before, name)
                self._note(wrong[0], token, name, f"`{name}` was {wrong[1]}")
            elif name in after and not self._capability.allows(name, kind := kind_of(after[name])):
                carried[name] = msgspec.json.encode(after[name]).decode()
                text = f"`{name}` was written as a text, `{carried[name][:80]}`: {self._issuer} takes no {kind}"
                self._note("value_as_text", token, name, text)
            elif name in after and name in before and name in self._by_member:
                self._members(carried, token, name, before[name])
        return carried

    def _members(self, carried: Claims, token: Token, name: str, before: list[str]) -> None:
        wanted, carried[name] = carried[name], swapped(before, carried[name])
        if carried[name] != wanted:
            order = f"{self._issuer} leaves them where they are, new ones last"
            self._note("value_not_carried", token, name, f"`{name}` has its members in another order: {order}")

    def _wrong(self, token: Token, name: str, before: Claims, after: Claims) -> tuple[str, str] | None:
        """Why a change of a claim cannot be carried: the notice's code, and its text but for the name."""
        able, issuer = self._capability, self._issuer
        if name in self._reserved[token]:
            return "claim_reserved", f"not set: {issuer} lets nobody else set it"
        if name not in after:
            text = f"not removed: {issuer} lets nobody remove it"
            return None if name in self._removable else ("claim_not_removed", text)
        if name in before and name not in self._overwritable:
            return "claim_not_overwritten", f"not changed: {issuer} has set it, and lets nobody change it"
        if name not in before and not able.add:
            return "claim_not_added", f"not set: {issuer} takes no new claims in this call"
        kind = kind_of(after[name])
        if not able.allows(name, kind) and (name in able.kinds or kind not in able.as_text):
            where = "there" if name in able.kinds else "at all"
            return "value_not_carried", f"not set: {issuer} takes no {_KINDS[kind]} {where}"
        by_member = name in before and name in self._by_member
        if by_member and (kind != "strings" or swapped(before[name], after[name]) is None):
            text = f"not changed: of this list, {issuer} can only swap members for new ones, or take them out"
            return "value_not_carried", text
        return None

    def _one_bag(self, carried: dict[str, Claims]) -> None:
        for name in [name for name in carried["accessToken"] if name in carried["idToken"]]:
            if not same(carried["accessToken"], carried["idToken"], name):
                carried["accessToken"][name] = carried["idToken"][name]
                text = f"`{name}` has the value of the ID token in both: {self._issuer} knows one value for a name"
                self._note("value_not_carried", "accessToken", name, text)

    def _not_issued(self, token: Token, changed: Sequence[str]) -> None:
        named = ", ".join(f"`{name}`" for name in changed[:MOST_NAMED])
        more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
        text = f"of `{token}`, {named}{more} went nowhere: this call of {self._issuer} is not about that token"
        rule, line = self._blame.of(pointer(("context", token, changed[0])))
        self.notices.append(Notice(code="token_not_issued", claim=changed[0], message=text, rule=rule, line=line))

    def _note(self, code: str, token: str, name: str, message: str) -> None:
        assert code in LEFT_OUT, f"`{code}` is not documented"
        rule, line = self._blame.of(pointer(("context", token, name)))
        self.notices.append(Notice(code=code, claim=name, rule=rule, line=line, message=message))


_KINDS = {
    "string": "texts",
    "integer": "numbers",
    "number": "numbers with a fraction",
    "boolean": "booleans",
    "strings": "lists",
    "array": "lists of anything but texts",
    "object": "objects",
    "null": "null as a value",
}
