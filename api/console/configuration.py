"""The operator's values for rules. They are set and deleted here; nobody reads one back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from api.console.asking import Refused, address
from api.console.visit import Visit

# As scripts read a value; what they make up on the way cannot be seen.
READS = r"""configuration\s*(?:\.\s*{name}\b|\[\s*["']{name}["']\s*\]|\.\s*get\s*\(\s*["']{name}["'])"""


async def every(visit: Visit) -> Response:
    """The names of the values, and the rules that mention them."""
    return await _every(visit)


async def put(visit: Visit) -> Response:
    """Set a value, or another one in its place."""
    form = await visit.form()
    key = form.get("key", "").strip()
    if not key:
        return await _every(visit, said="A value needs a name, by which rules read it.", form=form, status=422)
    # Browsers send the lines of a text with CRLF, whatever was typed.
    value = form.get("value", "").replace("\r\n", "\n")
    if not value:
        said = f"There was no value for `{key}`: nothing was changed."
        return await _every(visit, said=said, form=form, status=422)
    try:
        await visit.api.send("PUT", address("v1", "configuration", key), {"value": value})
    except Refused as refused:
        if refused.status not in (400, 409, 422):
            raise
        return await _every(visit, said=refused.description, form=form, status=refused.status)
    return visit.go("/configuration", f"`{key}` is set: rules read it from now on.")


async def delete(visit: Visit) -> Response:
    """Delete a value."""
    key = (await visit.form()).get("key", "")
    await visit.api.send("DELETE", address("v1", "configuration", key))
    return visit.go("/configuration", f"`{key}` is deleted.")


def mentions(key: str, scripts: Mapping[str, str]) -> list[str]:
    """The names of those scripts that read `key` by its name."""
    reads = re.compile(READS.replace("{name}", re.escape(key)))
    return [name for name, script in scripts.items() if reads.search(script)]


async def _every(visit: Visit, *, said: str = "", form: Mapping[str, str] | None = None, status: int = 200) -> Response:
    found = await visit.api.get("/v1/configuration")
    return visit.page(
        "configuration.html",
        status,
        values=found["values"],
        number=found["number"],
        read_by=await _read_by(visit, [entry["key"] for entry in found["values"]]),
        wrong=said,
        key=(form or {}).get("key", ""),
    )


async def _read_by(visit: Visit, keys: list[str]) -> dict[str, dict[str, Any]] | None:
    """For each key the live rules (id by name) and modules that mention it; None for who may not see rules."""
    if not visit.allows("rules:read"):
        return None
    rules = [rule for rule in (await visit.api.get("/v1/rules"))["rules"] if rule["live"]]
    modules = (await visit.api.get("/v1/modules"))["modules"]
    ids = {rule["name"]: rule["id"] for rule in rules}
    of_rules = {rule["name"]: rule["script"] for rule in rules}
    of_modules = {module["name"]: module["script"] for module in modules}
    return {
        key: {
            "rules": {name: ids[name] for name in mentions(key, of_rules)},
            "modules": mentions(key, of_modules),
        }
        for key in keys
    }
