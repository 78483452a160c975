"""Cases beside rules: a folder's files (`NAME.cases.json`), what a service keeps, and what was last seen there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from cli.client import Client, Rejected
from cli.plan import Service, is_module
from cli.refusal import Refused
from cli.scripts import CASES
from cli.seen import Seen
from engine.cases import LARGEST_CASES, BadCases, InvalidCases, kept_cases
from engine.files import BadFile
from engine.library import sha256

NONE = ""  # no cases; as a file and at the service that is `{"cases": []}`
CHANGED_MEANWHILE = 412
NOT_FOUND = 404


class NoCasesThere(Refused):
    """The service is older than cases beside rules."""


class Kept(NamedTuple):
    """The cases of a rule as their files' texts, `NONE` for none. `here` is None where the folder has no such file;
    `seen` is the digest of what was last seen at the service, `NONE` where nothing was, None for a folder that was
    never in step with it. `etag` is that of `there`, None while the service does not know the rule."""

    name: str
    here: str | None
    there: str
    seen: str | None
    etag: str | None = None

    @property
    def push(self) -> Literal["create", "change", "delete"] | None:
        """What a push would do. A folder without a file leaves alone what is there."""
        if self.here is None or self.here == self.there:
            return None
        return "create" if not self.there else "change" if self.here else "delete"

    @property
    def pull(self) -> Literal["new", "changed", "gone", "kept", "conflict"] | None:
        """What a pull would do: as with rules. What is only here, and was never there, stays."""
        here = self.here or NONE
        if here == self.there or not (self.there or self.seen):
            return None
        if self.seen == digest(self.there):
            return "kept"
        if not here:
            return "new"
        if self.seen == digest(here):
            return "changed" if self.there else "gone"
        return "conflict"

    @property
    def is_conflict(self) -> bool:
        """Whether a push would overwrite an edit that was made at the service since."""
        return self.push is not None and self.seen is not None and self.seen != digest(self.there)


class _File(msgspec.Struct, frozen=True):
    cases: list[msgspec.Raw]


class Unsent(NamedTuple):
    """`names` are the rules whose cases somebody else has changed at this moment."""

    names: list[str]
    sent: list[Kept]


def digest(text: str) -> str:
    return sha256(text) if text else NONE


def to_push(client: Client, folder: Path, service: Service, names: Iterable[str], seen: Seen | None) -> list[Kept]:
    """Of the rules of a folder that have a file there. Raises `BadCases`, `NoCasesThere`, `Refused`."""
    found = []
    for name in names:
        if not is_module(name) and (here := _here(folder, name)) is not None:
            found.append(_kept(client, service, name, here, seen))
    return found


def to_pull(client: Client, folder: Path, service: Service, seen: Seen | None) -> list[Kept]:
    """Of all live rules. Raises `BadCases`, `NoCasesThere`, `Refused`."""
    return [_kept(client, service, name, _here(folder, name), seen) for name in service.only_rules]


def send(client: Client, kept: Sequence[Kept], ids: Mapping[str, str], *, force: bool) -> Unsent:
    """Put those that differ beside their rules (`ids` by their names), each where it is still as it was looked at."""
    unsent, sent = [], []
    for one in kept:
        etag, rule = one.etag, ids[one.name]
        if etag is None:  # it was not live, and may have been saved
            there, etag = _there(client, rule)
            if there == one.here:
                continue
            if there and not force:
                unsent.append(one.name)
                continue
        text = msgspec.Raw((one.here or '{"cases": []}').encode())
        try:
            client.change("PUT", f"/v1/rules/{rule}/cases", text, msgspec.Raw, if_match=etag)
        except Rejected as exc:
            if exc.status != CHANGED_MEANWHILE:
                raise
            unsent.append(one.name)
        else:
            sent.append(one)
    return Unsent(unsent, sent)


def seen_after(before: Seen | None, looked_at: Iterable[Kept], sent: Collection[Kept]) -> dict[str, str]:
    """Digests by rule, after a push: what was sent, and what was the same."""
    known = dict(before.cases) if before else {}
    for one in looked_at:
        if one in sent:
            known[one.name] = digest(one.here or NONE)
        elif one.here == one.there:
            known[one.name] = digest(one.there)
    return dict(sorted(known.items()))


def write(folder: Path, one: Kept, write_file: Callable[[Path, str], None]) -> None:
    """The folder's file as the service has it."""
    path = folder / (one.name + CASES)
    if one.there:
        write_file(path, one.there)
    else:
        path.unlink(missing_ok=True)


def words(one: Kept) -> str:
    """How many, before and after a push."""
    before, after = (_count(text) for text in (one.there, one.here or NONE))
    return f"{after}" if not one.there else f"{before} -> {after}"


def plain(kept: Iterable[Kept]) -> list[dict[str, Any]]:
    return [{"rule": one.name, "kind": one.push, "conflict": one.is_conflict} for one in kept if one.push]


def _kept(client: Client, service: Service, name: str, here: str | None, seen: Seen | None) -> Kept:
    rule = service.rules.get(name)
    there, etag = (NONE, None) if rule is None else _there(client, rule.id)
    return Kept(name, here, there, None if seen is None else seen.cases.get(name, NONE), etag)


def _here(folder: Path, name: str) -> str | None:
    path = folder / (name + CASES)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_CASES + 1)  # a mistaken path must not fill the memory
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise BadFile(path, (exc.strerror or type(exc).__name__).lower()) from None
    try:
        return content.decode() if kept_cases(content).cases else NONE
    except InvalidCases as exc:
        raise BadCases(path, f"{exc} - at `{exc.path}`") from None


def _there(client: Client, id: str) -> tuple[str, str]:
    try:
        content, etag = client.tagged(f"/v1/rules/{id}/cases")
    except Rejected as exc:
        if exc.status != NOT_FOUND:
            raise
        client.tagged(f"/v1/rules/{id}")  # it may be the rule that is not there
        raise NoCasesThere(
            f"{client.url} is older than cases beside rules, and keeps none: upgrade it, or leave the files "
            f"NAME{CASES} out of the folder"
        ) from None
    try:
        return (content.decode() if _count(content) else NONE), etag
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(f"{client.url} does not answer like Claimsmith: is that its address?") from None


def _count(text: str | bytes) -> int:
    """How many cases there are in the text of a file."""
    return len(msgspec.json.decode(text, type=_File).cases) if text else 0
