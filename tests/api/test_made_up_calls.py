"""Calls made up from the document of the API, by schemathesis, to a service with real workers: what is wrong by it is
refused, nobody is let in who may not, every answer is as it says, and nothing is a 500.

The calls are the same in every run. By hand, against a running service:
`schemathesis run http://127.0.0.1:8100/openapi.json -H "Authorization: Bearer ..."`.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.callers import issue_token
from api.issuers.table import ISSUERS
from api.routes import ROUTES
from engine.keys import Keys
from tests.api.conftest import PROPERTY
from tests.declared import declared
from tests.test_lifecycle import Served

PATIENCE = 450.0  # seconds: it takes a fifth of that on an idle machine
EXAMPLES = 5  # of each operation, beside those at the bounds of what is declared
SECRET = "a value of sixteen characters"
FIRST = "0"  # the first tenant that is made up

GOOD = 'def rule(user, context):\n    context.idToken["https://example.com/n"] = len(user)\n'
FAILING = 'def rule(user, context):\n    if user.get("fail"):\n        raise ValueError("why")\n'
IMPORTING = "import geo\n\n\ndef rule(user, context):\n    context.accessToken.country = geo.country(user)\n"
GEO = 'def country(user):\n    return user.get("country")\n'
SCRIPTS = [GOOD, FAILING, IMPORTING, "def rule(user, context):\n    import os\n", "no rule", ""]

# The same calls in every run, and no others because of an earlier one.
SETTINGS = f"""
seed = 1
hooks = "lines"
request-timeout = 10.0
cache.enabled = false
generation = {{ deterministic = true, no-shrink = true, max-examples = {EXAMPLES} }}

[phases]
stateful.max-steps = 8

[checks]
# What is right by its types can still be no rule, or about something that is not there.
positive_data_acceptance.enabled = false

[[operations]]
# An issuer's refusal may be a 200, and its failure a 500: in its own words.
include-tag = "hooks"
headers = {{ "x-made-up" = "{SECRET}" }}
checks.negative_data_rejection.enabled = false
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", "500", "503"]

[[operations]]
# Versions stay readable after what they are of.
include-path-regex = "/versions"
checks.use_after_free.enabled = false

[[operations]]
# It goes on and on: of each answer so much is read, and within that time it has to have begun.
include-operation-id = "tail"
request-timeout = 1.0
"""


# JSON lines are text to schemathesis, which knows no such thing; events are objects to it, and declared is their text.
LINES = """
import schemathesis


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for item in raw_schema["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                answer.get("content", {}).get("text/event-stream", {}).pop("schema", None)


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
"""


@dataclass
class Place:
    """A service with a bit of everything in it."""

    served: Served
    dictionaries: dict[str, list[Any]]

    def token(self, scope: str) -> str:
        keys = Keys((self.served.data / "secret").read_text().strip())
        return issue_token(keys, scope=scope, tenant="default", subject="tester", expires_in=3600)


def filled(client: httpx2.Client) -> dict[str, list[Any]]:
    """Fills the tenants; answers what of it calls may name."""

    def call(method: str, path: str, body: Any = None) -> Any:
        response = client.request(method, path, json=body)
        assert response.status_code in (200, 201), response.text
        return response.json()

    for tenant in (FIRST, "ended"):
        call("PUT", f"/v1/tenants/{tenant}")
    for name in ("geo", "unused1", "unused2", "unused3"):
        call("PUT", f"/v1/modules/{name}", {"script": GEO})
    for name in ("KEY", "GONE1", "GONE2", "GONE3"):
        call("PUT", f"/v1/configuration/{name}", {"value": SECRET})
    header = {"type": "header", "name": "x-made-up", "value": SECRET}
    for issuer in ("hydra", "okta", "wso2"):
        for name in ("one", "two", "three"):
            call("PUT", f"/v1/issuers/{issuer}/secrets/{name}", header)
    rules = [call("POST", "/v1/rules", {"name": f"good {n}", "script": GOOD}) for n in range(4)]
    rules += [call("POST", "/v1/rules", {"name": "failing", "script": FAILING, "on_failure": "skip"})]
    rules += [call("POST", "/v1/rules", {"name": "importing", "script": IMPORTING})]
    rules += [call("POST", "/v1/rules", {"name": "draft", "script": GOOD, "deploy": False})]
    call("PATCH", f"/v1/rules/{rules[0]['id']}", {"script": GOOD + "\n"})
    doomed = [call("POST", "/v1/rules", {"name": f"doomed {n}", "script": GOOD}) for n in range(3)]
    call("PUT", "/v1/shadow", {})
    users = [{"user_id": "u1", "country": "nl"}, {"user_id": "u2", "fail": True}, None]
    logins = [call("POST", "/v1/execute", {"user": user, "context": {"clientID": "c1"}}) for user in users]
    call("POST", "/v1/try", {"script": GOOD, "user": {"user_id": "u1"}})
    return {
        "tenants": ["default", "default", "default", FIRST],
        "others": [FIRST],
        "ended": ["ended"],
        "rules": [rule["id"] for rule in rules],
        "doomed": [rule["id"] for rule in doomed],
        "executions": [login["execution_id"] for login in logins],
        "numbers": [1, 2, 3],
        "modules": ["geo"],
        "unused": ["unused1", "unused2", "unused3"],
        "keys": ["KEY"],
        "gone": ["GONE1", "GONE2", "GONE3"],
        "issuers": ["hydra", "okta", "wso2"],
        "secrets": ["one", "two", "three"],
        "scripts": SCRIPTS,
        "times": ["24h", "10s", "2026-01-01", "2026-11-18T12:00:00+01:00"],
        "claims": ["https://example.com/n", "country", "none"],
        "names": ["good 1", "failing", "nobody"],
    }


OPERATIONS = {f"{method.upper()} {path}" for path, item in declared()["paths"].items() for method in item}

# Which parameters and members are one of these, by the operations: the last line that is about one counts.
NAMED = {
    "": {
        "header.Claimsmith-Tenant": "tenants",
        "path.tenant": "tenants",
        "path.n": "numbers",
        "path.key": "keys",
        "path.name": "modules",
        "path.issuer": "issuers",
        "query.since": "times",
        "query.until": "times",
        "query.claim": "claims",
        "query.rule": "names",
        "body.script": "scripts",
        "body.rules[*].script": "scripts",
        "body.modules[*].script": "scripts",
        "body.since": "times",
        "body.until": "times",
        "body.revision": "numbers",
        "body.expected": "numbers",
    },
    r"\w+ /v1/tenants": {"path.tenant": "others"},
    r"\w+ /v1/rules": {"path.id": "rules"},
    r"\w+ /v1/executions": {"path.id": "executions"},
    r"\w+ /v1/issuers": {"path.id": "secrets"},
    "DELETE /v1/tenants": {"path.tenant": "ended"},
    "DELETE /v1/rules": {"path.id": "doomed"},
    "DELETE /v1/modules": {"path.name": "unused"},
    "DELETE /v1/configuration": {"path.key": "gone"},
}

# What is made up cannot be right, and why.
NEVER_RIGHT = {
    "PUT /v1/rules": "it names the live revision, which moves on",
    "PUT /v1/rules/order": "it names every rule once",
    # Okta is told by a 200 that it is not understood.
    **{f"POST /v1/hooks/{name}/{{tenant}}": "a login has more to it" for name in ISSUERS if name != "okta"},
}


def settings(place: Place, scope: str) -> str:
    """What schemathesis is told, as TOML."""
    lines = [SETTINGS, "[auth.openapi.token]", f"bearer = {json.dumps(place.token(scope))}", "[dictionaries]"]
    lines += [f"{name} = {{ values = {json.dumps(values)} }}" for name, values in place.dictionaries.items()]
    for operation in sorted(OPERATIONS):
        lines += ["[[operations]]", f"include-name = {json.dumps(operation)}"]
        named: dict[str, str] = {}
        for where, values in NAMED.items():
            named |= values if re.match(where, operation) else {}
        lines += [f"parameters.{json.dumps(name)}.dictionary = {json.dumps(values)}" for name, values in named.items()]
    return "\n".join(lines) + "\n"


def report(place: Place, folder: Path, scope: str, document: str, *options: str) -> dict[str, Any]:
    """What schemathesis tells of the calls that it has made."""
    (folder / "schemathesis.toml").write_text(settings(place, scope))
    (folder / "lines.py").write_text(LINES)
    words = ["--config-file", "schemathesis.toml", "run", document, "--url", place.served.address(), *options]
    words += ["--report", "json", "--report-json-path", "report.json"]
    command = [sys.executable, "-m", "schemathesis.cli", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)
    told: dict[str, Any] = json.loads((folder / "report.json").read_text())
    assert told["complete"], done.stdout + done.stderr
    assert done.returncode == (1 if told["failures"] or told["errors"] else 0)
    if told["failures"]:
        print(done.stdout[-20_000:])
    return told


def made_up(place: Place, folder: Path, scope: str, phases: str) -> dict[str, Any]:
    """The calls, which all went well."""
    told = report(place, folder, scope, f"{place.served.address()}/openapi.json", "--phases", phases)
    assert (told["failures"], told["errors"]) == ([], [])
    assert told["operations"]["tested"] == len(OPERATIONS)
    return told


def taken(told: dict[str, Any]) -> set[str]:
    """The operations of which some call was right."""
    return {name for name, phases in told["valid_rates"].items() if any(one["accepted"] for one in phases.values())}


def line(told: dict[str, Any]) -> str:
    operations, cases = told["operations"], told["test_cases"]
    return f"{operations['tested']} operations, {cases['generated']} calls, {len(told['failures'])} failures"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    served = Served(tmp_path_factory.mktemp("made-up") / "data", REDIS_URL="none")
    try:
        with served.client() as client:
            yield Place(served, filled(client))
    finally:
        assert served.stop() == 0
    assert [line for line in served.lines() if line["level"] in ("error", "critical")] == []
    assert "Traceback" not in served.log.read_text()


def test_an_administrators_calls(place: Place, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    told = made_up(place, tmp_path, "admin", "examples,coverage,fuzzing,stateful")
    assert OPERATIONS - taken(told) == NEVER_RIGHT.keys()
    record_property(PROPERTY, f"as an administrator: {line(told)}")


@pytest.mark.parametrize("scope", ["rules:read executions:read", "execute rules:write replay"])
def test_calls_with_fewer_scopes(
    place: Place, tmp_path: Path, scope: str, record_property: Callable[[str, object], None]
) -> None:
    told = made_up(place, tmp_path, scope, "examples,coverage")
    forbidden = {f"{row.method} {row.path}" for row in ROUTES if row.scope not in (None, *scope.split())}
    assert forbidden & taken(told) == set()
    assert taken(told) - forbidden
    record_property(PROPERTY, f"with {scope}: {line(told)}")


def test_what_is_declared_wrong_is_found(place: Place, tmp_path: Path) -> None:
    """That nothing fails says something only because it could."""
    wrong = copy.deepcopy(declared())
    paths, schemas = wrong["paths"], wrong["components"]["schemas"]
    del paths["/v1/rules"]["get"]["responses"]["200"]
    paths["/v1/rules/check"]["post"]["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    paths["/healthz"]["get"]["security"] = [{"token": []}]
    schemas["Tenants"]["properties"]["tenants"]["items"] = {"type": "string"}
    schemas["Value"]["properties"]["value"] = {"type": "string", "maxLength": 1}
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    found = {
        "UndefinedStatusCode": "GET /v1/rules",
        "UndefinedContentType": "POST /v1/rules/check",
        "JsonSchemaError": "GET /v1/tenants",
        "AcceptedNegativeData": "PUT /v1/configuration/{key}",
        "IgnoredAuth": "GET /healthz",
    }
    about = [word for operation in found.values() for word in ("--include-name", operation)]
    told = report(place, tmp_path, "admin", "wrong.json", "--phases", "coverage", *about)
    assert {failure["type"]: failure["operations"] for failure in told["failures"]} == {
        kind: [operation] for kind, operation in found.items()
    }
