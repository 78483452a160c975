"""The versions of a rule: what each changed, and one of them again."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from api.console.asking import Refused, address
from api.console.differences import lines, lines_of
from api.console.visit import Visit


async def one(visit: Visit) -> Response:
    """All versions of a rule, and how `to` is not as `from` (numbers; by default the last two)."""
    return await _shown(visit)


async def version(visit: Visit) -> Response:
    """One version to be read, also of a rule that is deleted: where the lines of a login lead. The one that was saved
    last is the editor's."""
    rule_id = visit.path("id")
    found = await visit.api.get(address("v1", "rules", rule_id, "versions", visit.path("n")))
    try:
        rule = await visit.api.get(address("v1", "rules", rule_id))
    except Refused as refused:
        if refused.status != 404:
            raise
        rule = None
    newest = None if rule is None else (rule["draft"] or rule)["version"]
    if found["version"] == newest:
        return visit.go(address("rules", rule_id))  # the browser takes the line along
    source = lines_of(found["script"])
    return visit.page("version.html", id=rule_id, rule=rule, version=found, newest=newest, lines=source)


async def restore(visit: Visit) -> Response:
    """Save an earlier version's source as the newest: a draft, which is looked at before it is live."""
    form = await visit.form()
    rule_id, number = visit.path("id"), form.get("version", "")
    try:
        version = await visit.api.get(address("v1", "rules", rule_id, "versions", number))
        await visit.api.send("PATCH", address("v1", "rules", rule_id), {"script": version["script"], "deploy": False})
    except Refused as refused:
        if refused.status != 422:
            raise
        return await _shown(visit, refused)
    said = f"Version {version['version']} is saved again, and not live yet: see what it would change, then deploy it."
    return visit.go(address("rules", rule_id), said)


async def _shown(visit: Visit, refused: Refused | None = None) -> Response:
    rule_id = visit.path("id")
    rule = await visit.api.get(address("v1", "rules", rule_id))
    versions = (await visit.api.get(address("v1", "rules", rule_id, "versions")))["versions"]
    numbers = [one["version"] for one in versions]
    after = _number(visit.query.get("to"), numbers, numbers[0])
    before = _number(visit.query.get("from"), numbers, next((one for one in numbers if one < after), after))
    scripts = [await _script(visit, rule_id, number) for number in (before, after)]
    return visit.page(
        "history.html",
        refused.status if refused else 200,
        rule=rule,
        versions=versions,
        live=rule["version"] if rule["live"] else None,
        before=before,
        after=after,
        found=lines(*scripts),
        refused=refused,
    )


async def _script(visit: Visit, rule_id: str, number: int) -> str:
    version: dict[str, Any] = await visit.api.get(address("v1", "rules", rule_id, "versions", number))
    return str(version["script"])


def _number(given: str | None, numbers: list[int], default: int) -> int:
    """One of the `numbers`; whatever else was given is as if it were not."""
    return int(given) if given is not None and given in map(str, numbers) else default
