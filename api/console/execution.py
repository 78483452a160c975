"""One execution: its steps and claims, why a claim is there or is not, the same again, and line by line."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.console import recorded
from api.console.asking import Refused, address
from api.console.pages import pretty
from api.console.visit import Visit

NOT_FOUND = 404


async def show(visit: Visit) -> Response:
    """The whole screen, with an answer where the address asks why; only that answer to htmx."""
    record = await _record(visit)
    answer = await _why(visit, record) if "claim" in visit.query else None
    if visit.is_part and answer is not None:
        return visit.page("execution_why.html", why=answer, record=record)
    return await _page(visit, record, why=answer)


async def replay(visit: Visit) -> Response:
    """Run it again, as the form wants."""
    form = await visit.form()
    record = await _record(visit)
    under = form.get("under", "as_it_was")
    revision = record["revision"]
    if under == "live":
        revision = await _live_revision(visit) or revision
    elif under == "revision" and form.get("revision", "").isdecimal():
        revision = int(form["revision"])
    body = None if under == "as_it_was" else {"revision": revision}
    answer = (await visit.api.send("POST", _address(visit, "replay"), body)).json()
    told = {"answer": answer, "under": under, "revision": revision}
    if visit.is_part:
        return visit.page("execution_replayed.html", record=record, replayed=told)
    return await _page(visit, record, replayed=told)


async def case(visit: Visit) -> Response:
    """What a rule was given, as a case file: to be looked at, or to be kept."""
    rule = visit.query.get("rule", "")
    cases = pretty(await visit.api.get(_address(visit, "case"), rule=rule)) + "\n"
    if visit.is_part:
        return visit.page("execution_case.html", rule=rule, cases=cases)
    # A rule of this name was found, so it can be a file's name.
    headers = {"Content-Disposition": f'attachment; filename="{rule}.cases.json"', "Cache-Control": "no-store"}
    return Response(cases, headers=headers, media_type="application/json")


async def lines(visit: Visit) -> Response:
    """The screen that steps through the lines; its script asks for them."""
    return visit.page("execution_lines.html", record=await _record(visit))


async def _page(visit: Visit, record: dict[str, Any], **values: Any) -> Response:
    steps = record["steps"]
    shown = {
        "why": None,
        "replayed": None,
        "record": record,
        "tokens": {token: recorded.claims(record, token) for token in recorded.TOKENS},
        "token_names": recorded.TOKENS,
        "hides": recorded.hides(record),
        "spelt": recorded.spelt,
        "in_words": recorded.in_words,
        "steps": list(zip(steps, recorded.bars(steps), recorded.opened(steps), strict=True)),
        "in_rules": sum(step["ms"] for step in steps),
        "names": recorded.known_names(record),
        "rules": await _rules(visit, record, []),
    }
    return visit.page("execution.html", **(shown | values))


async def _why(visit: Visit, record: dict[str, Any]) -> dict[str, Any]:
    """The service's answer, each reason in pieces of text, and with its rules where they are known."""
    token = visit.query.get("token", "idToken")
    answer: dict[str, Any] = await visit.api.get(_address(visit, "why"), claim=visit.query["claim"], token=token)
    named = [one["rule"] for one in (*answer["reasons"], *answer["history"]) if one["rule"]]
    rules = await _rules(visit, record, named)
    reasons = [{**one, "words": recorded.in_words(one["text"])} for one in answer["reasons"]]
    return {**answer, "reasons": reasons, "rules": rules}


async def _rules(visit: Visit, record: dict[str, Any], named: list[str]) -> dict[str, tuple[str, int | None]]:
    """The ids and versions of rules by name: of those that ran, and where the caller may read rules, of the others that
    are `named`: they were disabled then, or not live, and then the saved version is meant."""
    ran = recorded.rules_ran(record)
    if set(named) <= ran.keys() or not visit.allows("rules:read"):
        return ran
    saved = {rule["name"]: (rule["id"], None) for rule in (await visit.api.get("/v1/rules"))["rules"]}
    try:
        then = (await visit.api.get(address("v1", "revisions", record["revision"])))["rules"]
    except Refused as refused:
        if refused.status != NOT_FOUND:
            raise
        then = []
    return saved | {rule["name"]: (rule["id"], rule["version"]) for rule in then} | ran


async def _live_revision(visit: Visit) -> int | None:
    """None where the caller may not know it."""
    if not visit.allows("rules:read"):
        return None
    found = (await visit.api.get("/v1/revisions"))["revisions"]
    return int(found[0]["revision"]) if found else None


async def _record(visit: Visit) -> dict[str, Any]:
    found: dict[str, Any] = await visit.api.get(_address(visit))
    return found


def _address(visit: Visit, *more: str) -> str:
    return address("v1", "executions", visit.path("id"), *more)
