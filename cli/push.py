"""`claimsmith push`: the rules of a folder, live with one revision. It shows what it will do, and asks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cli.diff import Prune
from cli.options import DEFAULT_URL, AsJson, Folder, Token, Url

if TYPE_CHECKING:
    from cli.client import Client
    from cli.kept import Kept
    from cli.output import Output
    from cli.plan import Plan, Service
    from cli.seen import Seen
    from engine.folder import FolderRule
    from sandbox.wire import Problem

SCOPES = "rules:read rules:write rules:deploy"
WITHIN = 300.0  # seconds: a service that has not compiled the scripts before may need that for some thousand


class Outcome(NamedTuple):
    """`seen` is what the service has now, where a revision was made; `cases` are those that were sent."""

    code: int
    text: str
    seen: Seen | None = None
    problems: Sequence[tuple[Path, Problem]] = ()
    cases: Sequence[Kept] = ()


def push(
    folder: Folder,
    prune: Prune = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite newer edits on the service.")] = False,
    message: Annotated[str, typer.Option("--message", "-m", help="Why, for whoever reads the revisions.")] = "",
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make the rules of a folder live, with their cases. Exit code 1 if a newer edit or a problem is in the way."""
    import msgspec

    from cli.client import Client
    from cli.kept import seen_after, to_push
    from cli.output import Output
    from cli.plan import in_folder, live_rules, make_plan
    from cli.problems import plain, show_problem
    from cli.refusal import Refused
    from cli.seen import FILE, read_seen
    from cli.showing import plain_plan, show_case_conflicts, show_conflicts, show_plan, show_unlisted

    if as_json and not yes:
        raise Refused("with --json nobody can be asked: say --yes")
    rules = in_folder(folder)
    output = Output()
    with Client(url, token, SCOPES) as client:
        service = live_rules(client)
        seen = read_seen(folder, client.url)
        plan = make_plan(rules, service, seen, prune)
        cases = to_push(client, folder, service, [rule.name for rule in rules], seen)
        if not as_json:
            show_plan(output, plan, client.url, cases)
            show_unlisted(output, folder, rules)
            if seen is None and ((plan.changes and service.rules) or any(one.push and one.there for one in cases)):
                output.line(f"there is no {FILE} of this service: newer edits on it cannot be told from older ones")
            if plan.conflicts and seen is not None:
                show_conflicts(output, plan, seen.revision, client)
            show_case_conflicts(output, cases)
        outcome = _carry_out(
            output, client, folder, rules, plan, service, cases, force=force, prune=prune, yes=yes, message=message
        )
        now = service.seen(client.url) if not plan.changes else outcome.seen
        if now is not None:
            now = msgspec.structs.replace(now, cases=seen_after(seen, cases, outcome.cases))
            # What was pruned is not on the service, and nobody else has taken it out.
            _keep(folder, now.about([rule.name for rule in rules], None if prune else seen))
    if as_json:
        output.json(
            {
                **plain_plan(plan, folder, rules, cases),
                "pushed": outcome.seen.revision if outcome.seen else None,
                "text": outcome.text,
                "problems": [plain(path, problem) for path, problem in outcome.problems],
            }
        )
    else:
        for path, problem in outcome.problems:
            show_problem(output, path, problem)
        output.line(outcome.text)
    raise typer.Exit(outcome.code)


def _carry_out(
    output: Output,
    client: Client,
    folder: Path,
    rules: Sequence[FolderRule],
    plan: Plan,
    service: Service,
    cases: Sequence[Kept],
    *,
    force: bool,
    prune: bool,
    yes: bool,
    message: str,
) -> Outcome:
    from cli.client import Rejected
    from cli.kept import send

    changed = [one for one in cases if one.push]
    if not plan.changes and not changed:
        return Outcome(0, "nothing to push")
    if (plan.conflicts or any(one.is_conflict for one in changed)) and not force:
        return Outcome(1, "nothing was pushed: get what is there with `claimsmith pull`, or overwrite it with --force")
    if problems := _errors(output, client, folder, rules, plan):
        return Outcome(1, "nothing was pushed: these rules have errors", problems=problems)
    if not (yes or _agreed()):
        return Outcome(1, "nothing was pushed")
    try:
        now = _put(client, rules, plan, prune, message) if plan.changes else None
    except Rejected as exc:
        if not exc.has("revision_race"):
            raise
        return Outcome(
            1, "nothing was pushed: another revision went live meanwhile; see what it changed, and push again"
        )
    ids = {name: rule.id for name, rule in (now or service).rules.items()}
    unsent = send(client, changed, ids, force=force)
    text = "the cases are pushed" if now is None else f"revision {now.revision} is live"
    if unsent.names:
        names = ", ".join(unsent.names)
        text = f"{text}, but not the cases of {names}, which somebody else has changed: see `claimsmith diff`"
        text = text if now or unsent.sent else f"nothing was pushed: somebody else has changed the cases of {names}"
    return Outcome(1 if unsent.names else 0, text, now, cases=unsent.sent)


def _keep(folder: Path, seen: Seen) -> None:
    """What was pushed is pushed, also where the folder cannot be written."""
    from cli.refusal import Refused
    from cli.seen import write_seen

    try:
        write_seen(folder, seen)
    except Refused as exc:
        typer.echo(f"claimsmith: {exc}: the next push from here will not know what this one did", err=True)


def _errors(
    output: Output, client: Client, folder: Path, rules: Sequence[FolderRule], plan: Plan
) -> list[tuple[Path, Problem]]:
    """The errors in scripts that are new. What is checked here, the service need not compile again."""
    from cli.plan import PREFIX, is_module
    from cli.problems import Script, problems_of

    new = [
        change.after
        for change in plan.changes
        if change.after and not (change.before and change.before.script == change.after.script)
    ]
    with output.progress("checking", len(new)) as done:
        modules = {rule.name.removeprefix(PREFIX): rule.script for rule in rules if is_module(rule.name)}
        scripts = [
            Script(
                text=rule.script,
                modules=modules or None,
                module=rule.name.removeprefix(PREFIX) if is_module(rule.name) else None,
            )
            for rule in new
        ]
        checked = problems_of(scripts, client, done)
    return [
        (folder / f"{rule.name}.py", problem)
        for rule, problems in zip(new, checked, strict=True)
        for problem in problems
        if problem.severity == "error"
    ]


def _agreed() -> bool:
    """Asks. Raises `Refused` where nobody is there."""
    from cli.refusal import Refused

    if not sys.stdin.isatty():
        raise Refused("standard input is no terminal, so nobody can be asked: say --yes")
    return typer.confirm("Make this live?", err=True)


def _put(client: Client, rules: Sequence[FolderRule], plan: Plan, prune: bool, message: str) -> Seen:
    """All changes in one call. What is live already is left out, unless its absence would mean something."""
    from cli.plan import PREFIX, Put, is_module

    changed = {change.name for change in plan.changes}
    sent = [rule for rule in rules if prune or rule.name in changed]
    modules = [{"name": rule.name.removeprefix(PREFIX), "script": rule.script} for rule in sent if is_module(rule.name)]
    body: dict[str, object] = {
        "expected": plan.revision,
        "rules": [rule for rule in sent if not is_module(rule.name)],
        "prune": prune,
    }
    if message:  # an older service does not know it
        body["message"] = message
    if prune or modules:
        body["modules"] = modules
    return client.change("PUT", "/v1/rules", body, Put, WITHIN).seen(client.url)
