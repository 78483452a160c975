"""`claimsmith import`: tenants out of a file, each as a whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from cli.options import DEFAULT_URL, AsJson, PassphraseFile, Token, Url

if TYPE_CHECKING:
    from cli.client import Client
    from cli.exported import Exported
    from cli.imported import Difference, Done, Refusal
    from cli.output import Output

WITHIN = 600.0  # seconds for one tenant
LOOK = "claimsmith audit --act tenant.import --all"
SIGNS = {"missing": "+", "changed": "~", "more": "-"}  # what an import does about a difference


def import_(
    file: Annotated[Path, typer.Argument(help="File that `claimsmith export` has written.", show_default=False)],
    tenant: Annotated[
        str | None, typer.Option(help="Only this tenant of the file.", show_default="all", metavar="TENANT")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Make tenants that are there, and others, what the file says.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and change nothing.")] = False,
    without_secrets: Annotated[
        bool, typer.Option("--without-secrets", help="Leave the values of secrets in the file.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Put exported tenants into a service. All are checked first; a tenant that is there must be the same."""
    from cli.client import Client
    from cli.output import Output

    output = Output()
    chosen = _chosen(output, file, tenant)
    with Client(url, token, "admin") as service:
        phrase = _phrase(service, chosen, passphrase_file, without_secrets=without_secrets)
        problems = _problems(output, service, file, chosen)
        if problems:
            _end(output, as_json, [], [], problems, "nothing was imported: these scripts have errors")
        names = [*chosen]
        checked, refused = _send(output, service, file, names, phrase, replace=replace, dry_run=True)
        if refused:
            text = "nothing was imported: these tenants are there, and others; --replace makes them what the file says"
            _end(output, as_json, checked, refused, [], text)
        if not dry_run:
            checked, refused = _send(output, service, file, names, phrase, replace=replace, dry_run=False)
            if refused:
                _end(output, as_json, checked, refused, [], "somebody has changed these meanwhile: import again")
    _end(output, as_json, checked, [], [], "nothing was changed: so it would be" if dry_run else "")


def _chosen(output: Output, file: Path, tenant: str | None) -> dict[str, bool]:
    """The tenants that are meant, and whether the file has values of their secrets. Raises `Refused` for a file that is
    not whole."""
    from cli.exported import sections
    from cli.refusal import Refused

    found: dict[str, bool] = {}
    with output.progress("reading", None) as done:
        for exported in sections(file):
            if exported.tenant in found:
                raise Refused(f"{file}: the tenant `{exported.tenant}` stands twice")
            found[exported.tenant] = exported.section.secrets is not None
            done()
    if tenant is None:
        return found
    if tenant not in found:
        raise Refused(f"{file}: there is no tenant `{tenant[:80]}`; it has {', '.join(found)}")
    return {tenant: found[tenant]}


def _phrase(
    service: Client, chosen: dict[str, bool], passphrase_file: Path | None, *, without_secrets: bool
) -> str | None:
    from cli.passphrase import read_passphrase, require_private
    from cli.refusal import Refused

    if without_secrets or not any(chosen.values()):
        if passphrase_file is not None:
            raise Refused("--passphrase-file: there are no secrets to import")
        return None
    require_private(service.url)
    return read_passphrase(passphrase_file, new=False)


def _problems(output: Output, service: Client, file: Path, chosen: dict[str, bool]) -> list[tuple[str, Any]]:
    """The errors in scripts that would be live. What is checked here, the service need not compile again."""
    from cli.exported import sections
    from cli.problems import problems_of

    found = []
    for exported in sections(file):
        if exported.tenant in chosen:
            named = _scripts(exported)
            with output.progress(f"checking {exported.tenant}", len(named)) as done:
                checked = problems_of([script for _, script in named], service, done)
            for (name, _), problems in zip(named, checked, strict=True):
                found += [(f"{exported.tenant}/{name}", one) for one in problems if one.severity == "error"]
    return found


def _scripts(exported: Exported) -> list[tuple[str, Any]]:
    from cli.problems import Script
    from engine.library import closure

    content = exported.section.content
    live = content.live
    sources = {(module.name, module.number): module.script for module in content.modules}
    modules = {module.name: sources[module.name, module.version] for module in live.modules}
    scripts = {(version.rule_id, version.number): version.script for version in content.versions}
    named = [(f"modules/{name}", Script(text=text, modules=modules, module=name)) for name, text in modules.items()]
    for rule in live.rules:
        needed = {module.name: modules[module.name] for module in closure(rule.imports, live.modules)}
        named.append((rule.name, Script(text=scripts[rule.id, rule.version], modules=needed)))
    return named


def _send(
    output: Output,
    service: Client,
    file: Path,
    names: Sequence[str],
    phrase: str | None,
    *,
    replace: bool,
    dry_run: bool,
) -> tuple[list[Done], list[Refusal]]:
    import msgspec

    from cli.client import Rejected
    from cli.exported import sections
    from cli.imported import Difference, Done, Refusal
    from cli.refusal import Refused

    done: list[Done] = []
    refused: list[Refusal] = []
    query = f"replace={str(replace).lower()}&dry_run={str(dry_run).lower()}"
    with output.progress("checking" if dry_run else "importing", len(names)) as told:
        for exported in sections(file):
            if exported.tenant not in names:
                continue
            text = exported.text
            if phrase is not None and exported.section.secrets is not None:
                text = msgspec.json.encode({"kind": "passphrase", "passphrase": phrase}) + b"\n" + text
            try:
                path = f"/v1/tenants/{exported.tenant}/import?{query}"
                done.append(service.put_lines(path, text, Done, WITHIN, LOOK))
            except Rejected as exc:
                if exc.status == 409 and exc.problems and "how" in exc.problems[0]:
                    refused.append(Refusal(exported.tenant, msgspec.convert(exc.problems, list[Difference])))
                else:
                    there = "" if dry_run or not done else f"; imported are {', '.join(one.tenant for one in done)}"
                    raise Refused(f"tenant `{exported.tenant}`: {exc}{there}") from None
            told()
    return done, refused


def _end(
    output: Output,
    as_json: bool,
    done: Sequence[Done],
    refused: Sequence[Refusal],
    problems: Sequence[tuple[str, Any]],
    text: str,
) -> NoReturn:
    from cli.problems import plain, show_problem

    if as_json:
        found = [plain(name, problem) for name, problem in problems]
        output.json({"tenants": done, "refused": refused, "problems": found, "text": text})
    else:
        for name, problem in problems:
            show_problem(output, name, problem)
        for one in done:
            _show(output, one)
        for other in refused:
            output.line(f"{other.tenant}: is there already, and another")
            _show_differences(output, other.differences)
        if text:
            output.line(text)
    raise typer.Exit(1 if refused or problems else 0)


def _show(output: Output, done: Done) -> None:
    from cli.output import CHANGED, counted

    words = {
        "made": f"as it was, with its history: revision {done.revision} is live",
        "replaced": f"{counted(len(done.differences), 'difference')}: revision {done.revision} is live",
        "unchanged": "is the same already",
    }
    output.line(f"{done.tenant}: {words[done.outcome]}")
    _show_differences(output, done.differences)
    for kind, names in (("configuration", done.missing.configuration), ("hook_secret", done.missing.hook_secrets)):
        for name in names:
            output.line("  ", ("! ", CHANGED), f"{_words(kind)} {name} has no value: set it")


def _show_differences(output: Output, differences: Sequence[Difference]) -> None:
    from cli.output import BAD, CHANGED, GOOD

    styles = {"missing": GOOD, "changed": CHANGED, "more": BAD}
    for one in differences:
        output.line("  ", (f"{SIGNS[one.how]} {_words(one.kind)} {one.name}", styles[one.how]))


def _words(kind: str) -> str:
    return kind.replace("_", " ")
