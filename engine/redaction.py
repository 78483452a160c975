"""What of a record is not shown, or not kept at all.

A pattern is a JSON Pointer (RFC 6901) from `/user` or `/context` on in which `*` is any name and `**` any number of
them. Names compare without their case, `-` and `_`: `client_secret` is `clientSecret`, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from engine.masking import MASK
from sandbox.journal import pointer

SHORTEST = 8  # characters: a shorter text is masked where it stands, but not searched for elsewhere
LONG = 32  # characters by which one that is cut somewhere is known; and no two that share so many are told apart
MOST_ALIKE = 16  # that begin with the same `SHORTEST` characters: of more, the rest of a text is masked
CUT = "..."  # what was too long ends so

SECRET_NAMES = """password new_password old_password passwd passphrase secret client_secret token access_token
refresh_token id_token id_token_hint session_token assertion client_assertion saml_response api_key x_api_key
private_key credentials otp code_verifier oauth_access_token oauth_refresh_token oauth_id_token oauth_token_secret
password_hash password_salt""".split()
# Secrets in a request only: elsewhere `authorization` may be what somebody is allowed.
REQUEST_NAMES = "authorization proxy_authorization cookie set_cookie code".split()
DEFAULT = (
    *(f"/**/{name}" for name in SECRET_NAMES),
    *(f"/context/{place}/**/{name}" for place in ("request", "issuer/request") for name in REQUEST_NAMES),
)

# What has to stay an object: a pattern that names one of them names all that stands on it. A name that may stand
# anywhere does not: those with a token's name hold claims, or how long one lives, and are none. The last is what a call
# of Ory Hydra names so: who logs in is said there, and would be hidden wherever else it stands.
WHOLE = (
    ("user",),
    ("context",),
    ("context", "idToken"),
    ("context", "accessToken"),
    ("context", "lifetime", "idToken"),
    ("context", "lifetime", "accessToken"),
    ("context", "issuer", "request", "session", "id_token"),
)

Path = tuple[Any, ...]
Names = tuple[str, ...]


def names_something(pattern: str) -> bool:
    """Whether a pattern begins where a transaction does: another would silently hide nothing."""
    return _folded(pattern.split("/")[1]) in ("user", "context", "*", "**")


class Redaction:
    """A list of patterns, and what they have taken out so far: `removed` are the places, as JSON Pointers, `texts`
    what stood there that is long enough to be known again.

    Both bodies and rules are hostile: what they say takes a time that grows with its length, and no faster."""

    def __init__(self, patterns: Iterable[str]) -> None:
        split = dict.fromkeys(tuple(_folded(part) for part in pattern.split("/")[1:]) for pattern in patterns)
        # Most patterns are a name that may stand anywhere: one look-up tells for all of them.
        self._anywhere = {names[1] for names in split if len(names) == 2 and names[0] == "**"} - {"*", "**"}
        self._others = [names for names in split if names not in {("**", name) for name in self._anywhere}]
        self.removed: list[str] = []
        self.texts: set[str] = set()
        self._starts: dict[str, list[str]] = {}  # of all texts, as they may be written
        self._quoted: set[str] = set()
        self._quoted_lengths: set[int] = set()

    def masked(self, value: Any, *at: Any) -> Any:
        """`value`, which stands at the path `at`, with a mask for everything that a pattern names."""
        return self._start(value, at, leave_out=False)

    def without(self, value: Any, *at: Any) -> Any:
        """The same with members of objects left out instead."""
        return self._start(value, at, leave_out=True)

    def hidden(self, value: Any, *at: Any) -> Any:
        """A mask for `value` whatever the patterns name, where there are any."""
        return self._taken(value, at) if self._anywhere or self._others else value

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

    def everywhere(self, value: Any, *, names: bool = False) -> Any:
        """`value` with a mask for each text that was taken out somewhere, wherever it stands in another. A short one is
        masked where it stands in quotes, as in a value that an error shows, and its quotes with it. `names` are those
        of objects: to be masked too where they are no words of ours. No text gets longer."""
        if not self._starts and not self._quoted:
            return value
        if isinstance(value, str):
            return self._without_quoted(self._without_texts(value))
        if isinstance(value, dict):
            return {
                self.everywhere(name) if names else name: self.everywhere(child, names=names)
                for name, child in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.everywhere(child, names=names) for child in value]
        return value

    def _without_texts(self, value: str) -> str:
        kept, done, at = [], 0, 0
        cut = value.rfind(CUT)
        while at + SHORTEST <= len(value):
            alike = self._starts.get(value[at : at + SHORTEST])
            length = self._length(value, at, alike, cut) if alike else 0
            if length:
                kept += [value[done:at], MASK]
                done = at + length
            at += length or 1
        return "".join((*kept, value[done:])) if kept else value

    def _length(self, value: str, at: int, alike: list[str], cut: int) -> int:
        """How much of `value` from `at` on is a text, or the beginning of one that is cut."""
        if len(alike) > MOST_ALIKE:
            return len(value) - at
        longest = 0
        for text in alike:
            length = _alike(value, at, text) if len(text) >= LONG else len(text)
            if not value.startswith(text[:LONG], at):
                length = 0
            if not length and at < cut < at + len(text) and text.startswith(value[at:cut]):
                length = cut - at
            longest = max(longest, length)
        return longest

    def _without_quoted(self, value: str) -> str:
        if not self._quoted:
            return value
        kept, done = [], 0
        at = value.find('"')
        while at >= 0:
            found = next((size for size in self._quoted_lengths if value[at : at + size] in self._quoted), 0)
            if found:
                kept += [value[done:at], MASK]
                done = at + found
            at = value.find('"', at + (found or 1))
        return "".join((*kept, value[done:])) if kept else value

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
        # What is left in the same way more than once is looked for once: with several `**` it would be ever more.
        further = dict.fromkeys(rest for names in rests for rest in _rests(names, folded))
        if place in WHOLE:
            return False, [rest or ("**",) for rest in further]
        if folded in self._anywhere:
            return True, []
        return () in further, [*further]

    def _taken(self, value: Any, at: Path) -> str:
        self.removed.append(pointer(at))
        self._remember(value)
        return MASK

    def _remember(self, value: Any) -> None:
        if type(value) in (int, float):
            value = str(value)
            if len(value) < SHORTEST:
                return
        if isinstance(value, str):
            if value == MASK:
                return  # hidden before, and by others: it tells nothing
            if len(value) >= SHORTEST:
                self._search_for(value)
            elif value:
                quoted = json.dumps(value, ensure_ascii=not value.isprintable())  # as `sandbox.shown` quotes
                self._quoted.add(quoted)
                self._quoted_lengths.add(len(quoted))
        elif isinstance(value, dict | list | tuple):
            for child in value.values() if isinstance(value, dict) else value:
                self._remember(child)

    def _search_for(self, text: str) -> None:
        if text in self.texts:
            return
        self.texts.add(text)
        plain = text.isalnum() and text.isascii()  # the same however it is quoted
        for written in {text} if plain else _written(text):
            alike = self._starts.setdefault(written[:SHORTEST], [])
            if len(alike) <= MOST_ALIKE and written not in alike:
                alike.append(written)


def _written(text: str) -> set[str]:
    """As it is; as JSON and Python quote it; and in addresses and forms."""
    quoted = {json.dumps(text)[1:-1], _quoted(text), repr(text)[1:-1]}
    try:
        return {text, *quoted, quote(text), quote(text, safe=""), quote_plus(text)}
    except UnicodeEncodeError:  # with half a surrogate pair, which no address holds
        return {text, *quoted}


def _alike(value: str, at: int, text: str) -> int:
    """How many characters `value` from `at` on and `text` have in common."""
    return next((size for size, letter in enumerate(text) if value[at + size : at + size + 1] != letter), len(text))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


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
