"""A folder of rules: `rules.json` says which there are and how they run, `NAME.py` is the script of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import UNSET, UnsetType

from engine.files import BadFile, read_json, read_script
from engine.models import ALWAYS, RULE_NAME, Conditions, ModuleName, OnFailure, RuleOrder

LISTING = "rules.json"
MODULES = "modules"


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    order: RuleOrder
    enabled: bool = True
    on_failure: OnFailure = "deny"
    conditions: Conditions | UnsetType = UNSET


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `rules.json`."""

    rules: list[Listed]


class FolderRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as its folder has it. The name is that of the file, without `.py`."""

    name: str
    script: str
    order: int
    enabled: bool
    on_failure: OnFailure
    conditions: Conditions = ALWAYS


def read_folder(folder: Path) -> list[FolderRule]:
    """The rules of a folder as they are listed, each script as it stands there.

    Raises `BadFile` for a listing that cannot be read, one that names a file twice or outside of the folder, and
    for a script that is missing, too long or no text.
    """
    listing = read_json(folder / LISTING, Listing)
    names: set[str] = set()
    for index, rule in enumerate(listing.rules):
        name = rule.file.removesuffix(".py")
        place = f"- at `$.rules[{index}].file`"
        if name == rule.file or not re.fullmatch(RULE_NAME, name):
            text = f"`{rule.file}` is no file of a rule: expected is `NAME.py` in this folder {place}"
            raise BadFile(folder / LISTING, text)
        if name in names:
            raise BadFile(folder / LISTING, f"`{rule.file}` stands there twice {place}")
        names.add(name)
    return [
        FolderRule(
            name=rule.file.removesuffix(".py"),
            script=read_script(folder / rule.file),
            order=rule.order,
            enabled=rule.enabled,
            on_failure=rule.on_failure,
            conditions=rule.conditions or ALWAYS,
        )
        for rule in listing.rules
    ]


def read_modules(folder: Path) -> dict[str, str]:
    """The modules that the rules of a folder share: `modules/NAME.py` of it, each by its name.

    Raises `BadFile` for a file whose name no module can have, and for one that cannot be read.
    """
    found = {}
    for path in sorted((folder / MODULES).glob("*.py")):
        try:
            found[msgspec.convert(path.stem, ModuleName)] = read_script(path)
        except msgspec.ValidationError:
            text = "no name of a module: small letters, digits and `_`, at most 64, a letter first"
            raise BadFile(path, text) from None
    return found


def module_name(path: Path) -> str | None:
    """The module that a file is, where it is one: it stands in a folder `modules`."""
    return path.stem if path.absolute().parent.name == MODULES else None


def modules_beside(path: Path) -> dict[str, str]:
    """What the script in this file can import. Raises `BadFile`."""
    folder = path.absolute().parent
    return read_modules(folder.parent if folder.name == MODULES else folder)


def unlisted(folder: Path, rules: Sequence[FolderRule]) -> list[str]:
    """The files of the folder that look like rules and are not listed: probably forgotten."""
    listed = {f"{rule.name}.py" for rule in rules}
    return sorted(path.name for path in folder.glob("*.py") if path.name not in listed)


def listing_text(rules: Sequence[FolderRule]) -> str:
    """`rules.json` for these rules, a line for each, so that a change of one is a change of one line."""
    lines = [
        msgspec.json.format(
            msgspec.json.encode(
                Listed(
                    file=f"{rule.name}.py",
                    order=rule.order,
                    enabled=rule.enabled,
                    on_failure=rule.on_failure,
                    conditions=UNSET if rule.conditions == ALWAYS else rule.conditions,
                )
            ),
            indent=0,
        ).decode()
        for rule in rules
    ]
    return '{\n  "rules": [\n' + ",\n".join(f"    {line}" for line in lines) + "\n  ]\n}\n"
