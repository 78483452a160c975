"""A published case of a template, as a case of ours and what has to be seen of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from engine.cases import Case
from sandbox.journal import parts_of
from tests.conformance.translations import CASES, HOST, TEMPLATES, Row

STORES = ("user_metadata", "app_metadata")


class Published(NamedTuple):
    """`exchanges` are the calls that are expected, with their answers; `expected` is what the file says of the rest."""

    id: str
    template: str
    case: Case
    exchanges: list[dict[str, Any]]
    expected: Mapping[str, Any]
    translated: bool


def read_published(path: Path) -> list[Published]:
    return [_translated(entry) for entry in json.loads(path.read_text())]


def _translated(entry: Mapping[str, Any]) -> Published:
    given, host = entry["input"], entry["input"]["host"]
    rows = [row for row in (TEMPLATES.get(entry["rule"]), CASES.get(entry["id"])) if row]
    configuration = dict(given["configuration"])
    for name, value in host.items():
        configuration |= {key: text.format(value) for key, text in HOST[name].items()}
    exchanges: list[dict[str, Any]] = entry["http"]
    expected: dict[str, Any] = entry["expected"]
    for row in rows:
        configuration |= row.configuration
        exchanges = _exchanges(exchanges, row)
        expected = {**expected, **row.expected}
    case = Case(
        name=entry["id"],
        user=given["user"] or {},  # where a test passes none, any will do
        context=given["context"] or {},
        expect={},
        clock=datetime.fromisoformat(given["clock"]) if given["clock"] else None,
        configuration=configuration,
    )
    return Published(entry["id"], entry["rule"], case, exchanges, expected, bool(rows or host))


def _exchanges(exchanges: list[dict[str, Any]], row: Row) -> list[dict[str, Any]]:
    if row.exchanges is not None:
        return [dict(exchange) for exchange in row.exchanges]
    return [{**exchange, **row.requests.get(place, {})} for place, exchange in enumerate(exchanges)]


def data_of(case: Case) -> dict[str, Any]:
    """`user` and `context` as the rule finds them. Metadata that are not there are the same as empty ones: templates
    write `{}` there before they read it."""
    user, context = copy.deepcopy(case.user or {}), copy.deepcopy(case.context)
    for store in STORES:
        user[store] = user.get(store) or {}
    for token in ("idToken", "accessToken"):
        context[token] = context.get(token) or {}
    return {"user": user, "context": context}


def apply(data: Any, op: str, path: str, value: Any) -> None:
    """One change by a JSON Pointer (RFC 6901) of `add`, `replace` or `remove` (RFC 6902)."""
    *above, name = parts_of(path)
    for part in above:
        data = data[int(part)] if isinstance(data, list) else data[part]
    if not isinstance(data, list):
        if op == "remove":
            del data[name]
        else:
            data[name] = copy.deepcopy(value)
    elif op == "add":
        data.insert(int(name), copy.deepcopy(value))
    elif op == "remove":
        del data[int(name)]
    else:
        data[int(name)] = copy.deepcopy(value)
