"""What was last seen on the service, kept in the folder: `.claimsmith.json`.

With it `push` can tell an edit of the folder from one that somebody has made on the service since.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

import msgspec

from cli.refusal import Refused
from engine.files import BadFile, read_json
from engine.models import ALWAYS, Conditions, OnFailure

FILE = ".claimsmith.json"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as the service had it live."""

    id: str
    version: int
    sha256: str
    order: int
    enabled: bool
    on_failure: OnFailure
    conditions: Conditions = ALWAYS


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """`rules` by their names; `cases` are the digests of what stood beside them, "" for nothing."""

    service: str
    revision: int
    rules: dict[str, Entry]
    cases: dict[str, str] = {}

    def about(self, names: Collection[str], before: Seen | None) -> Seen:
        """This of the rules with these names, and what was seen before of the others: nobody has looked at those. Where
        there are no others, `before` is None."""
        others = before.rules if before else {}
        rules = {name: entry for name, entry in others.items() if name not in names}
        rules |= {name: entry for name, entry in self.rules.items() if name in names}
        cases = {name: digest for name, digest in self.cases.items() if name in rules}
        return msgspec.structs.replace(self, rules=dict(sorted(rules.items())), cases=cases)


def read_seen(folder: Path, service: str) -> Seen | None:
    """What was seen of this service; None where nothing was. Raises `BadFile`, naming what to do."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        seen = read_json(path, Seen)
    except BadFile as exc:
        raise BadFile(path, f"{exc.message}; remove it and run `claimsmith pull` again", exc.place) from None
    return seen if seen.service == service else None


def write_seen(folder: Path, seen: Seen) -> None:
    text = msgspec.json.format(msgspec.json.encode(seen), indent=2).decode() + "\n"
    write_file(folder / FILE, text)


def write_file(path: Path, text: str) -> None:
    """The whole text or none of it, byte for byte; never through a symbolic link. Raises `Refused`."""
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".claimsmith-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
            Path(draft).chmod(path.stat().st_mode & 0o777 if path.is_file() else 0o666 & ~_umask())
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise Refused(f"{path}: {(exc.strerror or type(exc).__name__).lower()}") from None


def _umask() -> int:
    now = os.umask(0o022)
    os.umask(now)
    return now
