"""`claimsmith pull`: the live rules into a folder. What was edited there stays; edited on both sides is a conflict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from cli.options import DEFAULT_URL, AsJson, Folder, Token, Url

if TYPE_CHECKING:
    from cli.kept import Kept
    from cli.output import Output
    from cli.plan import LiveRule, Service
    from cli.seen import Entry, Seen
    from engine.folder import FolderRule


class Difference(NamedTuple):
    """A rule that is not the same here and there. `kept` was edited here only, `conflict` on both sides."""

    name: str
    kind: Literal["new", "changed", "gone", "kept", "conflict"]
    here: FolderRule | None
    there: LiveRule | None


def pull(
    folder: Folder,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was edited in the folder.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Write the live rules and their cases into a folder. Exit code 1 if one was edited there and on the service."""
    import msgspec

    from cli.client import Client
    from cli.kept import NoCasesThere, digest, to_pull, write
    from cli.output import Output
    from cli.plan import live_rules
    from cli.seen import read_seen, write_file, write_seen

    output = Output()
    with Client(url, token, "rules:read") as client:
        service = live_rules(client)
        _require_names(service)
        _make(folder)
        rules = _rules_here(folder)
        seen = read_seen(folder, client.url)
        differences = _differences(folder, rules, service, seen)
        try:
            cases, knows_cases = to_pull(client, folder, service, seen), True
        except NoCasesThere:
            cases, knows_cases = [], False
        conflicts = "conflict" in {*(one.kind for one in differences), *(one.pull for one in cases)}
        code = 1 if conflicts and not force else 0
        if code == 0:
            kept = [] if force else [one for one in differences if one.kind == "kept"]
            gone = [one.name for one in differences if one.there is None]
            _write(folder, rules, service, kept, gone)
            for one in cases:
                if one.pull is not None and (force or one.pull != "kept"):
                    write(folder, one, write_file)
            before = seen.cases if seen else {}
            now = {one.name: digest(one.there) for one in cases} if knows_cases else before
            write_seen(folder, msgspec.structs.replace(service.seen(client.url), cases=now))
    if as_json:
        found = [{"rule": one.name, "kind": one.kind} for one in differences]
        of_cases = [{"rule": one.name, "kind": one.pull} for one in cases if one.pull] if knows_cases else None
        output.json({"revision": service.revision, "pulled": code == 0, "differences": found, "cases": of_cases})
    else:
        if not knows_cases:
            output.line("cases were not pulled: the service is older than cases beside rules")
        _show_cases(output, cases, refused=code != 0, force=force)
        _show(output, folder, service, differences, refused=code != 0, force=force)
    raise typer.Exit(code)


def _differences(folder: Path, rules: Sequence[FolderRule], service: Service, seen: Seen | None) -> list[Difference]:
    from cli.plan import is_as, is_unchanged

    here = {rule.name: rule for rule in rules}
    was = seen.rules if seen else {}
    found = []
    for name, live in service.rules.items():
        rule = here.get(name) or _unlisted(folder, live)
        if rule is not None and name in here and is_as(live, rule):
            continue
        if name in was and is_unchanged(live, was[name]):
            found.append(Difference(name, "kept", rule, live))
        elif rule is None or is_as(live, rule):
            found.append(Difference(name, "new", rule, live))
        else:
            found.append(Difference(name, "changed" if _as_seen(rule, was.get(name)) else "conflict", rule, live))
    for name, entry in was.items():
        if name not in service.rules and (rule := here.get(name)):
            found.append(Difference(name, "gone" if _as_seen(rule, entry) else "conflict", rule, None))
    return found


def _unlisted(folder: Path, live: LiveRule) -> FolderRule | None:
    """A file in the way that is not listed, as if it were listed as the rule is live."""
    from engine.files import read_script
    from engine.folder import FolderRule

    path = folder / f"{live.name}.py"
    if not path.exists():
        return None
    return FolderRule(
        name=live.name,
        script=read_script(path),
        order=live.order,
        enabled=live.enabled,
        on_failure=live.on_failure,
        conditions=live.conditions,
    )


def _as_seen(rule: FolderRule, seen: Entry | None) -> bool:
    from cli.plan import FIELDS
    from engine.library import sha256

    if seen is None or sha256(rule.script) != seen.sha256:
        return False
    return all(getattr(rule, name) == getattr(seen, name) for name in FIELDS)


def _write(
    folder: Path, rules: Sequence[FolderRule], service: Service, kept: Sequence[Difference], gone: Sequence[str]
) -> None:
    """Scripts first, then what lists them: cut off anywhere, it can be done again. Rules that are only here stay."""
    from cli.plan import is_module
    from cli.seen import write_file
    from engine.folder import LISTING, MODULES, FolderRule, listing_text

    here = {rule.name: rule for rule in rules}
    untouched = {one.name for one in kept}
    listed = [rule for rule in rules if rule.name in untouched or rule.name not in {*service.rules, *gone}]
    if any(is_module(name) for name in service.rules):
        _make(folder / MODULES)
    for name, live in service.rules.items():
        if name not in untouched:
            if name not in here or here[name].script != live.script:
                write_file(folder / f"{name}.py", live.script)
            listed.append(
                FolderRule(
                    name=name,
                    script=live.script,
                    order=live.order,
                    enabled=live.enabled,
                    on_failure=live.on_failure,
                    conditions=live.conditions,
                )
            )
    if rules and here == {rule.name: rule for rule in listed}:
        return  # as somebody has written it
    listed = [rule for rule in listed if not is_module(rule.name)]
    places = {name: place for place, name in enumerate(service.rules)}
    listed.sort(key=lambda rule: (rule.order, places.get(rule.name, len(places))))
    write_file(folder / LISTING, listing_text(listed))


SHOWN = {
    "new": ("+", ""),
    "changed": ("~", ""),
    "gone": ("-", "  is not live any more: it is not in rules.json now, and its file stays"),
    "kept": ("=", "  was edited here, and stays so"),
    "conflict": ("!", ""),
}
SHOWN_CASES = {
    "new": ("+", ""),
    "changed": ("~", ""),
    "gone": ("-", "  are not kept there any more: their file is gone"),
    "kept": ("=", "  were edited here, and stay so"),
    "conflict": ("!", "  were edited here and on the service"),
}


def _show_cases(output: Output, cases: Sequence[Kept], *, refused: bool, force: bool) -> None:
    styles = _styles()
    for one in cases:
        if one.pull is None or (refused and one.pull != "conflict"):
            continue
        sign, words = SHOWN_CASES[one.pull]
        if force and one.pull in ("kept", "conflict"):
            sign, words = "~", "  were edited here, which is overwritten"
        output.line((f"{sign} cases of {one.name}", styles[one.pull]), words)


def _styles() -> dict[str, str]:
    from cli.output import BAD, CHANGED, GOOD, QUIET

    return {"new": GOOD, "changed": CHANGED, "gone": BAD, "kept": QUIET, "conflict": BAD}


def _show(
    output: Output, folder: Path, service: Service, differences: Sequence[Difference], *, refused: bool, force: bool
) -> None:
    from cli.output import counted
    from cli.showing import show_against

    styles = _styles()
    for one in differences:
        sign, words = SHOWN[one.kind]
        if refused:
            if one.kind == "conflict":
                show_against(output, one.name, one.here, one.there)
            continue
        if force and one.there is None:
            sign, words = SHOWN["gone"]
        elif force and one.kind in ("kept", "conflict"):
            sign, words = "~", "  was edited here, which is overwritten"
        output.line((f"{sign} {one.name}", styles[one.kind]), words)
    if refused:
        output.line("nothing was written: edited in the folder and on the service; --force overwrites the folder")
    else:
        output.line(f"{folder}: revision {service.revision} has {counted(len(service.only_rules), 'rule')}")


def _require_names(service: Service) -> None:
    """Names come from the service, and become files. Raises `Refused` for one that would not be in the folder."""
    from cli.plan import PREFIX, is_module, require_whole
    from cli.refusal import Refused
    from engine.models import MODULE_NAME, RULE_NAME

    folded: dict[str, str] = {}
    for name, rule in service.rules.items():
        pattern = MODULE_NAME if is_module(name) else RULE_NAME
        if not re.fullmatch(pattern, name.removeprefix(PREFIX)):
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


def _rules_here(folder: Path) -> list[FolderRule]:
    from cli.plan import in_folder
    from engine.folder import LISTING

    return in_folder(folder) if (folder / LISTING).exists() else []
