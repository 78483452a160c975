"""The claims policy: what of a worker's answer may reach a token.

The worker's answer is hostile input. Protected claims are restored from the request by exact comparison of
names; everything that is refused or unwise becomes a notice with the rule and line that wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from engine.capability import TOKENS, Token
from engine.models import Claims, Notice, TenantSettings
from engine.protected import NAMESPACES, PROFILE, PROTECTED, RESTRICTED
from engine.trace import Blame
from sandbox import journal
from sandbox.journal import Event, parts_of, pointer

MOST_SECONDS = 10 * 365 * 86_400
SCOPE = re.compile(r"[!#-\[\]-~]+")  # RFC 6749, 3.3: visible ASCII but `"` and the backslash
ORDER = {name: place for place, name in enumerate(PROTECTED)}


class ClaimsTooLarge(Exception):
    """A token's claims exceed the limit: the login fails, as it did with Auth0."""


class Policy:
    def __init__(self, settings: TenantSettings, limit: int, blame: Blame) -> None:
        self._settings = settings
        self._limit = limit
        self._blame = blame
        self.notices: list[Notice] = []

    def apply(self, token: str, before: Claims, after: Claims) -> tuple[Claims, list[str] | None]:
        """The claims of `token`, and the scope where a rule changed it and may.

        `before` is what the issuer sent. Raises `ClaimsTooLarge`.
        """
        claims = dict(after)
        # Most claims have a namespace, and nothing is asked of those.
        plain = [name for name in after if not name.startswith(NAMESPACES) and not same(after, before, name)]
        gone = [name for name in before if name not in after and name in PROTECTED]
        for name in sorted((name for name in (*plain, *gone) if name in PROTECTED), key=ORDER.__getitem__):
            restore(claims, before, name)
            self._note("protected_claim", token, name, f"only the issuer may set `{name}`: {PROTECTED[name]}")
        scope = self._scope(claims, before) if token == "accessToken" else None  # noqa: S105
        for name in plain:
            if name in PROTECTED or name in PROFILE:
                continue
            if token == "accessToken" and name == "scope":  # noqa: S105
                continue
            if name in RESTRICTED:
                self._restricted(token, claims, before, name)
            elif self._settings.strict_claims:
                self._note("not_namespaced", token, name, f"`{name}` has no namespace: name it `https://.../{name}`")
        size = len(msgspec.json.encode(claims))
        if size > self._limit:
            largest = max(claims, key=lambda name: len(msgspec.json.encode(claims[name])))
            text = f"the claims of `{token}` have {size} bytes: the limit is {self._limit}"
            self._note("too_large", token, largest, text)
            raise ClaimsTooLarge(text)
        return claims, scope

    def not_json(self, events: Iterable[Event], rules: Sequence[str]) -> None:
        """Report the values that were taken out because JSON cannot say them. `rules` are the rules' names."""
        for event in events:
            if isinstance(event, journal.Refuse):
                parts = parts_of(event.path)
                is_claim = len(parts) == 3 and parts[0] == "context" and parts[1] in TOKENS
                name = parts[2] if is_claim else ".".join(parts)
                self.notices.append(
                    Notice(
                        code="not_json",
                        claim=name,
                        rule=rules[event.step] if 0 <= event.step < len(rules) else None,
                        line=event.line,
                        message=f"`{name}` was not set: {event.reason}",
                    )
                )

    def lifetime(self, before: Any, after: Any) -> dict[Token, int]:
        """The seconds that tokens live, of those where a rule changed it and may. `before` is what the issuer sent."""
        given = before if isinstance(before, dict) else {}
        wanted = {} if after is None else after
        if wanted == given:
            return {}
        if not isinstance(wanted, dict) or wanted.keys() - {*TOKENS, *given}:
            text = "`context.lifetime` has seconds for `idToken` and `accessToken`, and nothing else"
            self._note_lifetime(None, text)
            return {}
        found: dict[Token, int] = {}
        for token in TOKENS:
            if same(wanted, given, token):
                continue
            seconds = wanted.get(token)
            if not self._settings.lifetime_changes:
                text = "was not changed: this tenant does not allow it (its setting `lifetime_changes`)"
                self._note_lifetime(token, f"`lifetime.{token}` {text}")
            elif type(seconds) is not int or not 1 <= seconds <= MOST_SECONDS:
                self._note_lifetime(token, f"`lifetime.{token}` was not changed: it is a number of seconds")
            else:
                found[token] = seconds
        return found

    def _note_lifetime(self, token: str | None, message: str) -> None:
        rule, line = self._blame.of(pointer(("context", "lifetime", token) if token else ("context", "lifetime")))
        self.notices.append(Notice(code="lifetime_refused", rule=rule, line=line, message=message))

    def _restricted(self, token: str, claims: Claims, before: Claims, name: str) -> None:
        advice = f"{RESTRICTED[name]}: name it `https://.../{name}`"
        if self._settings.strict_claims:
            restore(claims, before, name)
            self._note("restricted_claim", token, name, f"`{name}` was refused (strict_claims): {advice}")
        else:
            self._note("restricted_claim", token, name, f"`{name}` was set, but {advice}")

    def _scope(self, claims: Claims, before: Claims) -> list[str] | None:
        """Scopes are the issuer's to grant, so a change is handed back apart from the claims."""
        new = claims.get("scope")
        if same(claims, before, "scope"):
            return None
        restore(claims, before, "scope")
        if not self._settings.scope_changes:
            text = "`scope` was not changed: this tenant does not allow it (its setting `scope_changes`)"
        elif not isinstance(new, list) or not all(isinstance(part, str) for part in new):
            text = "`scope` was not changed: it is a list of strings"
        elif wrong := [part for part in new if not SCOPE.fullmatch(part)]:
            text = f"`scope` was not changed: {wrong[0][:80]!r} is not a scope (RFC 6749, 3.3)"
        else:
            return new
        self._note("scope_refused", "accessToken", "scope", text)
        return None

    def _note(self, code: str, token: str, name: str, message: str) -> None:
        rule, line = self._blame.of(pointer(("context", token, name)))
        self.notices.append(Notice(code=code, claim=name, rule=rule, line=line, message=message))


def restore(claims: Claims, before: Claims, name: str) -> None:
    """Make one claim what it was before: there with its value, or not there."""
    if name in before:
        claims[name] = before[name]
    else:
        claims.pop(name, None)


def same(one: Claims, other: Claims, name: str) -> bool:
    """Equality as JSON: in Python `True == 1`, in a token it is not."""
    if name not in one or name not in other:
        return (name in one) == (name in other)
    first, second = one[name], other[name]
    if type(first) is str and type(second) is str:
        return first == second
    return msgspec.json.encode(first, order="sorted") == msgspec.json.encode(second, order="sorted")
