"""`claimsmith diff`: the plan of a push, and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DEFAULT_URL, AsJson, Folder, Token, Url

Prune = Annotated[bool, typer.Option("--prune", help="Take out live rules that are not in the folder.")]


def diff(
    folder: Folder, prune: Prune = False, url: Url = DEFAULT_URL, token: Token = None, as_json: AsJson = False
) -> None:
    """Show what a push of this folder would change. Exit code 1 if anything."""
    from cli.client import Client
    from cli.kept import to_push
    from cli.output import Output
    from cli.plan import in_folder, live_rules, make_plan
    from cli.seen import read_seen
    from cli.showing import plain_plan, show_case_conflicts, show_conflicts, show_plan, show_unlisted

    rules = in_folder(folder)
    output = Output()
    with Client(url, token, "rules:read") as client:
        seen = read_seen(folder, client.url)
        service = live_rules(client)
        plan = make_plan(rules, service, seen, prune)
        cases = to_push(client, folder, service, [rule.name for rule in rules], seen)
        if as_json:
            output.json(plain_plan(plan, folder, rules, cases))
        else:
            show_plan(output, plan, client.url, cases)
            show_unlisted(output, folder, rules)
            if plan.conflicts and seen is not None:
                show_conflicts(output, plan, seen.revision, client)
            show_case_conflicts(output, cases)
    raise typer.Exit(1 if plan.changes or any(one.push for one in cases) else 0)
