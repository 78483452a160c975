"""The pipeline of a tenant: its rules in order, and what became of them in the latest logins."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.console.visit import Visit

FAILED = ("raised", "timed_out", "exhausted", "refused")  # what a rule that denies does on purpose is not among them


async def every(visit: Visit) -> Response:
    """All rules, in the order in which they run."""
    found = await visit.api.get("/v1/rules")
    traffic = await visit.api.get("/v1/traffic") if visit.allows("executions:read") else None
    did = {one["id"]: one for one in traffic["rules"]} if traffic else {}
    rules = [_row(rule, did.get(rule["id"])) for rule in found["rules"]]
    return visit.page(
        "rules.html", rules=rules, revision=found["revision"], traffic=traffic, may_deploy=visit.allows("rules:deploy")
    )


def _row(rule: dict[str, Any], did: dict[str, Any] | None) -> dict[str, Any]:
    failed = sum(did["outcomes"].get(outcome, 0) for outcome in FAILED) if did else 0
    return {**rule, "about": _about(rule["script"]), "did": did, "failed": failed}


def _about(script: str) -> str:
    """The first line of a script's docstring, read as text."""
    start = script.lstrip()
    for quotes in ('"""', "'''"):
        if start.startswith(quotes):
            return start[3:].partition(quotes)[0].strip().partition("\n")[0]
    return ""
