"""`claimsmith replay`: recorded logins again, as they were or under other rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import DEFAULT_URL, AsJson, Token, Url

if TYPE_CHECKING:
    from cli.client import Client
    from cli.output import Output

PAGE = 500
AT_ONCE = 4
SHOWN = 20  # executions that are named one by one


def replay(
    executions: Annotated[
        list[str] | None, typer.Argument(help="Ids of executions, or `last`.", show_default=False)
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="All logins since then: 24h, 30m, or a time.", show_default=False)
    ] = None,
    until: Annotated[str | None, typer.Option(help="And until then.", show_default=False)] = None,
    rule: Annotated[
        list[Path] | None,
        typer.Option(help="With this script instead of the live rule of its name, or behind them.", show_default=False),
    ] = None,
    revision: Annotated[int | None, typer.Option(help="Under this revision.", show_default=False)] = None,
    client: Annotated[str | None, typer.Option(help="With --since: only of this client.", show_default=False)] = None,
    user: Annotated[str | None, typer.Option(help="With --since: only of this `user_id`.", show_default=False)] = None,
    decision: Annotated[str | None, typer.Option(help="With --since: only these.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="With --since: so many at most, the newest.", min=1)] = 1_000_000,
    html: Annotated[Path | None, typer.Option(help="Write a report to this file.", show_default=False)] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Run recorded logins again and show what differs. Exit code 1 if a token would change."""
    from cli.client import Client
    from cli.output import Output
    from cli.refusal import Refused

    if bool(executions) == bool(since):
        raise Refused("give ids of executions, or --since for all of a time")
    if rule and revision is not None:
        raise Refused("give --rule or --revision, not both")
    if html is not None and not (since and (rule or revision)):
        raise Refused("--html: there is a report of many logins under other rules: --since with --rule or --revision")
    output = Output()
    scopes = "executions:read replay rules:read rules:write" if rule else "executions:read replay"
    with Client(url, token, scopes) as service:
        other: dict[str, Any] = {} if revision is None else {"revision": revision}
        if rule:
            other = {"rules": _pipeline(service, rule)}
        if since and other:
            question = {"since": since, "limit": limit} | other | ({"until": until} if until else {})
            given = {"client": client, "user": user, "decision": decision}
            question["filter"] = {name: value for name, value in given.items() if value is not None}
            differs = _impact(service, output, question, html, as_json)
        else:
            ids = list(executions or [])
            if since:
                ids = _ids(service, limit, since=since, until=until, client=client, user=user, decision=decision)
            differs = _each(service, output, ids, other, as_json, many=bool(since))
    raise typer.Exit(1 if differs else 0)


def _pipeline(service: Client, files: list[Path]) -> list[dict[str, Any]]:
    """The live rules that are enabled, in their order, with these scripts."""
    from engine.files import read_script

    scripts = {path.stem: read_script(path) for path in files}
    rules = []
    for one in service.get("/v1/rules", dict[str, Any])["rules"]:
        if one["live"] and (one["enabled"] or one["name"] in scripts):
            script = scripts.pop(one["name"], one["script"])
            rules.append({"name": one["name"], "script": script, "on_failure": one["on_failure"]})
    return rules + [{"name": name, "script": script} for name, script in scripts.items()]


def _ids(service: Client, limit: int, **filters: object) -> list[str]:
    from cli.executions import query

    found: list[str] = []
    cursor: str | None = None
    while len(found) < limit:
        page = service.get(f"/v1/executions{query(limit=PAGE, cursor=cursor, **filters)}", dict[str, Any])
        found += [one["execution_id"] for one in page["executions"]]
        if (cursor := page["cursor"]) is None:
            break
    return found[:limit]


def _each(service: Client, output: Output, ids: list[str], other: dict[str, Any], as_json: bool, *, many: bool) -> bool:
    """One by one; whether something differs."""
    from concurrent.futures import ThreadPoolExecutor

    from cli.executions import path_of
    from cli.output import BAD, GOOD, QUIET, compact, counted

    def again(name: str) -> tuple[str, dict[str, Any]]:
        path = path_of(service, name)
        return path.rpartition("/")[2], service.ask(f"{path}/replay", other, dict[str, Any])

    with ThreadPoolExecutor(AT_ONCE) as threads, output.progress("replaying", len(ids)) as done:
        found = []
        for one in threads.map(again, ids):
            found.append(one)
            done()
    different = [one for one in found if not one[1]["identical"]]
    if as_json:
        output.json([{"execution_id": name, **result} for name, result in found])
        return bool(different)
    for name, result in (different if many else found)[:SHOWN] if many else found:
        output.line(f"{name}  ", ("identical", GOOD) if result["identical"] else ("different", BAD))
        for remark in result["remarks"]:
            output.line((f"    {remark['code']}: {remark['text']}", QUIET))
        for one in result["differences"]:
            what = one["part"] if one["name"] is None else f'{one["part"]}["{one["name"]}"]'
            old = compact(one["old"]) if one["was_present"] else "nothing"
            new = compact(one["new"]) if one["is_present"] else "nothing"
            output.line(f"    {what}: ", (old, BAD), " -> ", (new, GOOD))
    if many or len(found) > 1:
        output.line(f"{counted(len(found), 'login')} replayed: {len(found) - len(different)} identical, "
                    f"{len(different)} different")  # fmt: skip
    return bool(different)


def _impact(service: Client, output: Output, question: dict[str, Any], html: Path | None, as_json: bool) -> bool:
    """All of a time under other rules; whether a token would change."""
    from cli.impact import show_impact
    from cli.refusal import Refused
    from cli.report import write_report

    found: dict[str, Any] | None = None
    with output.reaching("replaying") as advance:
        for line in service.stream("/v1/impact", question):
            if "impact" in line:
                found = line["impact"]
            elif "error" in line:
                raise Refused(f"the analysis has ended early: {line['error']}")
            else:
                advance(line["replayed"], line["of"])
    if found is None:
        raise Refused("the service broke off before the analysis had ended")
    if html is not None:
        write_report(html, question, found)
    if as_json:
        output.json(found)
    else:
        show_impact(output, found)
    return bool(found["would_change"])
