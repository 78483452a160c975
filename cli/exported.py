"""A file of exported tenants: read section by section, each whole and checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from cli.refusal import Refused
from engine.exports.lines import LONGEST_LINE, ExportLine
from engine.exports.reading import BadExport, Reader, Section, decoded, require_format

LARGEST_SECTION = 1024 * 1024 * 1024  # bytes: a service takes less

_head = msgspec.json.Decoder(ExportLine)


class Exported(msgspec.Struct, frozen=True):
    """A tenant, and the text of its section."""

    section: Section
    text: bytes

    @property
    def tenant(self) -> str:
        return self.section.content.tenant.id


def sections(path: Path) -> Iterator[Exported]:
    """All of a file; also a section alone, as the service gives it, is a file. Raises `Refused`, at once or at the
    place where something is wrong."""
    try:
        with path.open("rb") as file:
            yield from _sections(file)
    except BadExport as exc:
        where = "" if exc.line is None else f":{exc.line}"
        raise Refused(f"{path}{where}: {exc.message}") from None
    except (OSError, ValueError) as exc:
        raise Refused(f"{path}: {(getattr(exc, 'strerror', None) or 'no path').lower()}") from None


def require_whole(text: bytes, tenant: str, url: str) -> None:
    """Whether this is the section of the tenant, as it can be imported again. Raises `Refused`."""
    reader = Reader()
    try:
        for line in text.splitlines(keepends=True):
            reader.take(line)
        found = reader.section().content.tenant.id
    except BadExport as exc:
        raise Refused(f"{url} has not answered with a whole export: {exc}") from None
    if found != tenant:
        raise Refused(f"{url} has answered with the tenant `{found}`, and not with `{tenant}`")


def _sections(file: BinaryIO) -> Iterator[Exported]:
    first = file.readline(LONGEST_LINE + 1)
    names: tuple[str, ...] | None = None
    number = 1
    if not first:
        raise BadExport("the file is empty")
    if b'"kind":"export"' in first[:100]:
        require_format(first, "export", 1)
        names = decoded(first, _head, 1).tenants
        first, number = file.readline(LONGEST_LINE + 1), 2
    found: list[str] = []
    while first:
        exported, number = _section(file, first, number)
        if names is not None and (len(found) == len(names) or exported.tenant != names[len(found)]):
            text = f"the tenant `{exported.tenant}` has ended here, and the first line does not name it so"
            raise BadExport(text, number - 1)
        found.append(exported.tenant)
        yield exported
        first = file.readline(LONGEST_LINE + 1)
        if first and names is None:
            raise BadExport("something stands behind the end of the section", number)
    if names is not None and len(found) < len(names):
        raise BadExport(f"the file ends before the tenant `{names[len(found)]}`: it is not whole")


def _section(file: BinaryIO, first: bytes, number: int) -> tuple[Exported, int]:
    """The section that begins with this line, which has this number; and the number of the line behind it."""
    reader = Reader(number)
    lines: list[bytes] = []
    size = 0
    line = first
    while line:
        reader.take(line)
        lines.append(line)
        if (size := size + len(line)) > LARGEST_SECTION:
            raise BadExport(f"the section has more than {LARGEST_SECTION} bytes", number + len(lines))
        if reader.ended:
            break
        line = file.readline(LONGEST_LINE + 1)
    return Exported(reader.section(), b"".join(lines)), number + len(lines)
