"""What of a record is not shown, or not kept at all.

A pattern is a JSON Pointer (RFC 6901) below `/user` or `/context` in which `*` is any name and `**` any number of them.
Names compare without their case, `-` and `_`: `client_secret` is `clientSecret`, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sandbox.journal import pointer

MASK = "***"
SHORTEST = 8  # characters: a shorter text is masked where it stands, but not searched for elsewhere

SECRET_NAMES = """password new_password old_password passwd passphrase secret client_secret token access_token
refresh_token id_token id_token_hint session_token assertion client_assertion saml_response api_key x_api_key
private_key credentials otp code_verifier""".split()
# Secrets in a request only: elsewhere `authorization` may be what somebody is allowed.
REQUEST_NAMES = "authorization proxy_authorization cookie set_cookie code".split()
DEFAULT = (
    *(f"/**/{name}" for name in SECRET_NAMES),
    *(f"/context/request/**/{name}" for name in REQUEST_NAMES),
)

# They hold claims, and are no tokens.
CLAIMS = (("context", "idToken"), ("context", "accessToken"))

Path = tuple[Any, ...]
Names = tuple[str, ...]


class Redaction:
    """A list of patterns, and what they have taken out so far: `removed` are the places, as JSON Pointers, `texts`
    what stood there that is long enough to be known again."""

    def __init__(self, patterns: Iterable[str]) -> None:
        split = [tuple(_folded(part) for part in pattern.split("/")[1:]) for pattern in patterns]
        # Most patterns are a name that may stand anywhere: one look-up tells for all of them.
        self._anywhere = {names[1] for names in split if len(names) == 2 and names[0] == "**"}
        self._others = [names for names in split if not (len(names) == 2 and names[0] == "**")]
        self.removed: list[str] = []
        self.texts: set[str] = set()
        self._quoted: set[str] = set()

    def masked(self, value: Any, *at: Any) -> Any:
        """`value`, which stands at the path `at`, with a mask for everything that a pattern names."""
        return self._start(value, at, leave_out=False)

    def without(self, value: Any, *at: Any) -> Any:
        """The same with members of objects left out instead."""
        return self._start(value, at, leave_out=True)

    def names(self, at: Iterable[Any]) -> bool:
        """Whether a pattern names what stands at `at`, or something that holds it."""
        rests = self._others
        place: Path = ()
        for name in at:
            place = (*place, name)
            named, rests = self._step(rests, place, name)
            if named:
                return True
        return False

    def everywhere(self, value: Any) -> Any:
        """`value` with a mask for each text that was taken out somewhere, wherever it stands in another. A short one is
        masked where it stands in quotes, as in a value that an error shows."""
        if not self.texts and not self._quoted:
            return value
        if isinstance(value, str):
            for text in sorted(self.texts, key=len, reverse=True):
                value = value.replace(text, MASK)
            for text in self._quoted:
                value = value.replace(text, f'"{MASK}"')
            return value
        if isinstance(value, dict):
            return {name: self.everywhere(child) for name, child in value.items()}
        if isinstance(value, list | tuple):
            return [self.everywhere(child) for child in value]
        return value

    def _start(self, value: Any, at: Path, leave_out: bool) -> Any:
        rests = self._others
        for length, name in enumerate(at, 1):
            named, rests = self._step(rests, at[:length], name)
            if named:
                return self._taken(value, at)
        return self._walk(value, at, rests, leave_out)

    def _walk(self, value: Any, at: Path, rests: list[Names], leave_out: bool) -> Any:
        if isinstance(value, dict):
            made = {}
            for name, child in value.items():
                place = (*at, name)
                named, further = self._step(rests, place, name)
                if not named:
                    made[name] = self._walk(child, place, further, leave_out)
                elif self._taken(child, place) and not leave_out:
                    made[name] = MASK
            return made
        if isinstance(value, list | tuple):
            items = []
            for index, child in enumerate(value):
                place = (*at, index)
                named, further = self._step(rests, place, str(index))
                items.append(self._taken(child, place) if named else self._walk(child, place, further, leave_out))
            return items
        return value

    def _step(self, rests: list[Names], place: Path, name: Any) -> tuple[bool, list[Names]]:
        """Whether a pattern names `place`, whose last name is `name`, and what is left of the others below it."""
        folded = _folded(str(name))
        if place in CLAIMS:
            return False, [rest for names in rests for rest in _rests(names, folded) if rest]
        if folded in self._anywhere:
            return True, []
        further = [rest for names in rests for rest in _rests(names, folded)]
        return () in further, further

    def _taken(self, value: Any, at: Path) -> str:
        self.removed.append(pointer(at))
        self._remember(value)
        return MASK

    def _remember(self, value: Any) -> None:
        if isinstance(value, str):
            if len(value) >= SHORTEST:
                self.texts.add(value)
            elif value:
                self._quoted.add(json.dumps(value, ensure_ascii=not value.isprintable()))  # as `sandbox.shown` quotes
        elif isinstance(value, dict | list | tuple):
            for child in value.values() if isinstance(value, dict) else value:
                self._remember(child)


def _rests(names: Names, name: str) -> Iterable[Names]:
    """What may be left of a pattern behind `name`: nothing where it does not allow that name, several with `**`."""
    if names == ("**",):
        yield ()
    elif names and names[0] == "**":
        yield names
        yield from _rests(names[1:], name)
    elif names and names[0] in ("*", name):
        yield names[1:]


def _folded(name: str) -> str:
    if name in ("*", "**"):
        return name
    return name.replace("~1", "/").replace("~0", "~").lower().replace("_", "").replace("-", "")
