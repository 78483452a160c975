"""`claimsmith pull`: the live rules into a folder. It overwrites nothing that was edited there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cli.options import DEFAULT_URL, AsJson, Folder, Token, Url

if TYPE_CHECKING:
    from cli.output import Output
    from cli.plan import LiveRule, Service
    from cli.seen import Entry, Seen
    from engine.folder import FolderRule


class Differs(NamedTuple):
    """How the folder's rule is not the live one. `edited` says that it is not as it was last seen either."""

    name: str
    here: FolderRule | None
    there: LiveRule | None
    edited: bool


def pull(
    folder: Folder,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was edited in the folder.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Write the live rules into a folder. Exit code 1 if something that was edited there is in the way."""
    from cli.client import Client
    from cli.local import limits
    from cli.output import Output
    from cli.plan import live_rules
    from cli.seen import read_seen

    output = Output()
    most = limits().source
    with Client(url, token, "rules:read") as client:
        service = live_rules(client)
        _require_names(service)
        _make(folder)
        rules = _rules_here(folder, most)
        seen = read_seen(folder, client.url)
        differing = _differing(folder, rules, service, seen, most)
        edited = [one for one in differing if one.edited]
        code = 1 if edited and not force else 0
        if code == 0:
            _write(folder, rules, service, seen, client.url)
    if as_json:
        changed = [one.name for one in differing if one.there is not None]
        gone = [one.name for one in differing if one.there is None]
        output.json(
            {
                "revision": service.revision,
                "pulled": code == 0,
                "changed": changed,
                "gone": gone,
                "edited": [one.name for one in edited],
            }
        )
    else:
        _show(output, folder, service, differing, code)
    raise typer.Exit(code)


def _show(output: Output, folder: Path, service: Service, differing: Sequence[Differs], code: int) -> None:
    from cli.output import BAD, CHANGED, GOOD, counted
    from cli.plan import diff

    if code:
        for one in differing:
            if one.edited:
                there = one.there.script if one.there else ""
                output.line((f"! {one.name}", BAD), "  edited in the folder" if one.there else "  not live any more")
                if one.here is not None:
                    names = (f"{one.name}.py here", f"{one.name}.py live" if one.there else "/dev/null")
                    output.diff(diff(one.here.script, there, *names))
        output.line("nothing was written: push what was edited, or overwrite it with --force")
        return
    for one in differing:
        if one.there is None:
            output.line((f"- {one.name}", BAD), f"  not live any more: {one.name}.py is not in rules.json, and stays")
        elif one.here is None:
            output.line((f"+ {one.name}", GOOD))
        else:
            output.line((f"~ {one.name}", CHANGED))
    count = len(service.rules)
    output.line(f"{folder}: {counted(count, 'rule')} of revision {service.revision}")


def _require_names(service: Service) -> None:
    """Names come from the service, and become files. Raises `Refused` for one that would not be in the folder."""
    from cli.plan import require_whole
    from cli.refusal import Refused
    from engine.models import RULE_NAME

    folded: dict[str, str] = {}
    for name, rule in service.rules.items():
        if not re.fullmatch(RULE_NAME, name):
            raise Refused(f"the service has a rule `{name}`, which can be no file's name")
        if (other := folded.setdefault(name.casefold(), name)) != name:
            raise Refused(f"the rules `{other}` and `{name}` would be one file on some machines: rename one of them")
        require_whole(rule)


def _make(folder: Path) -> None:
    from cli.refusal import Refused

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise Refused(f"{folder}: {(exc.strerror or type(exc).__name__).lower()}") from None


def _rules_here(folder: Path, limit: int) -> list[FolderRule]:
    from engine.folder import LISTING, read_folder

    return read_folder(folder, limit) if (folder / LISTING).exists() else []


def _differing(
    folder: Path, rules: Sequence[FolderRule], service: Service, seen: Seen | None, limit: int
) -> list[Differs]:
    """What a pull would change: rules that are here and were live, and live rules. New rules of the folder stay."""
    from cli.plan import is_as

    here = {rule.name: rule for rule in rules}
    was = seen.rules if seen else {}
    found = []
    for name, live in service.rules.items():
        rule = here.get(name) or _stray(folder, live, limit)
        if rule is None or not is_as(live, rule):
            edited = rule is not None and not _as_seen(rule, was.get(name))
            found.append(Differs(name, rule, live, edited))
    for name in was:
        if name not in service.rules and (rule := here.get(name)):
            found.append(Differs(name, rule, None, not _as_seen(rule, was[name])))
    return found


def _stray(folder: Path, live: LiveRule, limit: int) -> FolderRule | None:
    """A file that is not listed and in the way, as if it were listed as the rule is live."""
    from engine.files import read_script
    from engine.folder import FolderRule

    path = folder / f"{live.name}.py"
    if not path.exists():
        return None
    return FolderRule(
        name=live.name,
        script=read_script(path, limit),
        order=live.order,
        enabled=live.enabled,
        on_failure=live.on_failure,
    )


def _as_seen(rule: FolderRule, seen: Entry | None) -> bool:
    from cli.plan import FIELDS
    from cli.seen import sha256

    return (
        seen is not None
        and sha256(rule.script) == seen.sha256
        and all(getattr(rule, name) == getattr(seen, name) for name in FIELDS)
    )


def _write(folder: Path, rules: Sequence[FolderRule], service: Service, seen: Seen | None, url: str) -> None:
    """Scripts first, then what lists them, then what was seen: cut off anywhere, it can be done again."""
    from cli.seen import write_file, write_seen
    from engine.folder import LISTING, FolderRule, listing_text

    was = seen.rules if seen else {}
    listed = [
        FolderRule(name=name, script=live.script, order=live.order, enabled=live.enabled, on_failure=live.on_failure)
        for name, live in service.rules.items()
    ]
    here = {rule.name: rule for rule in rules}
    for rule in listed:
        if rule.name not in here or here[rule.name].script != rule.script:
            write_file(folder / f"{rule.name}.py", rule.script)
    new = [rule for rule in rules if rule.name not in service.rules and rule.name not in was]
    write_file(folder / LISTING, listing_text(sorted([*listed, *new], key=lambda rule: rule.order)))
    write_seen(folder, service.seen(url))
