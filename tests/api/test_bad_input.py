"""Whatever is sent: a clear error in the one shape, no dead worker, nothing half-stored."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.body import DEEPEST
from api.routes import ROUTES
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

SCRIPT = "def rule(user, context):\n    context.idToken.n = 1\n"

CASE = {"name": "one", "user": {"user_id": "u1"}, "context": {}, "expect": {"decision": "allow"}}

# Every endpoint with a body, and a good one.
GOOD: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/execute"): {"user": {"user_id": "u1"}, "context": {}, "deadline_ms": 1000},
    ("POST", "/v1/rules"): {"name": "new", "script": SCRIPT, "order": 1, "enabled": True, "on_failure": "skip"},
    ("PUT", "/v1/rules/order"): {"rules": []},
    ("POST", "/v1/rules/check"): {"script": SCRIPT},
    ("PATCH", "/v1/rules/RULE"): {"script": SCRIPT, "name": "other", "deploy": True},
    ("POST", "/v1/revisions/1/activate"): {"expected": 1},
    ("POST", "/v1/try"): {"user": {"user_id": "u1"}, "context": {}, "script": SCRIPT},
    ("POST", "/v1/cases/run"): {"script": SCRIPT, "cases": [CASE], "name": "one", "modules": {}, "coverage": False},
    ("PUT", "/v1/rules/RULE/cases"): {"cases": [CASE]},
    ("PATCH", "/v1/tenants/TENANT/settings"): {"strict_claims": True},
    ("PUT", "/v1/rules"): {"expected": 2, "rules": [{"name": "one", "script": SCRIPT, "order": 1}]},
    ("PUT", "/v1/configuration/KEY"): {"value": "a value"},
    ("PUT", "/v1/modules/shared"): {"script": "x = 1\n"},
    ("PUT", "/v1/issuers/hydra/secrets/ID"): {"type": "header", "value": "a value of sixteen characters"},
    ("PUT", "/v1/shadow"): {"revision": 1},
    ("POST", "/v1/impact"): {"since": "1h", "revision": 1},
    ("POST", "/v1/executions/ID/replay"): {"revision": 1},
    ("POST", "/v1/tenants/TENANT/export"): {"passphrase": "correct horse battery"},
}
ENDPOINTS = list(GOOD)
OPTIONAL = {("POST", "/v1/revisions/1/activate"), ("POST", "/v1/executions/ID/replay")}  # their bodies
TRANSACTIONS = [("POST", "/v1/execute"), ("POST", "/v1/try")]


class Place:
    """A tenant with one rule, and a look at whether it is still as it was."""

    def __init__(self, service: Running, tenant: str, rule: str) -> None:
        self.service, self.tenant, self.rule = service, tenant, rule

    async def send(self, endpoint: tuple[str, str], body: Any, **how: Any) -> httpx2.Response:
        method, path = endpoint
        path = path.replace("RULE", self.rule).replace("TENANT", self.tenant)
        return await self.service.call(method, path, body, tenant=self.tenant, **how)

    async def refused(self, endpoint: tuple[str, str], body: Any, status: int = 400, **how: Any) -> dict[str, Any]:
        response = await self.send(endpoint, body, **how)
        assert response.status_code == status, response.text
        answer: dict[str, Any] = response.json()
        assert answer.keys() == {"error", "error_description", "problems"}
        return answer

    async def state(self) -> tuple[Any, ...]:
        paths = ("/v1/rules", "/v1/revisions", f"/v1/rules/{self.rule}/versions")
        return tuple([(await self.service.call("GET", path, tenant=self.tenant)).json() for path in paths])


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("bad")) as service:
        yield service
        assert service.service.pool.counts.workers_died == 0
        assert service.service.records.dropped == 0


@pytest.fixture
async def place(service: Running) -> AsyncIterator[Place]:
    """Everything as it was, and no worker lost, when the test is over."""
    tenant = await fresh.tenant(service)
    rule = await service.add("one", "context.idToken.ok = 1", tenant=tenant, on_failure="skip")
    place = Place(service, tenant, rule.id)
    before, counts = await place.state(), service.service.pool.counts
    ended = (counts.workers_died, counts.retries, counts.workers_killed)
    yield place
    assert await place.state() == before
    assert (counts.workers_died, counts.retries, counts.workers_killed) == ended
    assert (await service.execute(tenant=tenant))["idToken"] == {"ok": 1}


PARTS = {"tenant": "TENANT", "key": "KEY", "name": "shared", "id": "ID", "n": "N", "issuer": "hydra"}


def test_every_endpoint_with_a_body_is_here() -> None:
    def there(method: str, path: str) -> tuple[str, str]:
        return method, re.sub(r"{n}|1", "N", re.sub(r"{id}|RULE", "ID", path.format_map(PARTS)))[3:]

    # The second takes JSON lines: see `test_exports`.
    without = {there("PUT", "/v1/tenants/{tenant}"), there("PUT", "/v1/tenants/{tenant}/import")}
    taking = {there(row.method, row.path) for row in ROUTES if row.method in ("POST", "PUT", "PATCH")}
    assert {there(method, path) for method, path in ENDPOINTS} == taking - without


@pytest.mark.parametrize(
    "endpoint", [(row.method, row.path) for row in ROUTES if row.query is None and row.scope != "execute"], ids=" ".join
)
async def test_an_address_that_takes_no_parameters(place: Place, endpoint: tuple[str, str]) -> None:
    method, path = endpoint
    whole = path.format_map(PARTS | {"id": place.rule, "n": "1", "template": "slack"})
    answer = await place.refused((method, f"{whole}?nonsense=1"), GOOD.get(endpoint))
    assert answer["problems"] == [
        {"parameter": "nonsense", "message": "there is no such parameter here, nor any other"}
    ]


async def test_a_login_with_a_parameter_is_answered(place: Place) -> None:
    answer = await place.service.call("POST", "/v1/execute?trace=1", {"user": {}, "context": {}})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
async def test_not_json(place: Place, endpoint: tuple[str, str]) -> None:
    good = json.dumps(GOOD[endpoint]).encode()
    first = b'{"%s": ' % next(iter(GOOD[endpoint])).encode()
    at, end = len(first), len(good)
    for body, offset, message in (
        (good[:-1], end - 1, "the JSON ends too early"),
        (good[:-1] + b",}", end, "trailing comma in object"),
        (good + b" {}", end + 1, "trailing characters"),
        (first, at, "the JSON ends too early"),
        (first + b"NaN}", at, "`NaN` is not JSON; use `null` or a number"),
        (first + b"-Infinity}", at, "`-Infinity` is not JSON; use `null` or a number"),
        (first + b'"\xff"}', at + 1, "invalid UTF-8: invalid start byte"),
        (good.decode().encode("utf-16"), 0, "invalid UTF-8: invalid start byte"),
        (b'{"\\ud800": 1}', 2, "`\\ud800` is half a surrogate pair; escape both halves"),
        (b"\xef\xbb\xbf" + good, 0, "the JSON starts with a byte order mark; leave it out"),
    ):
        assert await place.refused(endpoint, body) == {
            "error": "invalid_request",
            "error_description": f"line 1, column {offset + 1} (byte {offset}): {message}",
            "problems": [{"offset": offset, "line": 1, "column": offset + 1, "message": message}],
        }
    line = await place.refused(endpoint, b"{\n  nope")
    assert (line["problems"][0]["line"], line["problems"][0]["column"]) == (2, 3)
    for body in (b" \n ", b"") if endpoint not in OPTIONAL else (b" \n ",):
        answer = await place.refused(endpoint, body)
        assert answer["error_description"] == "the body is empty; send a JSON value"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
async def test_not_an_object(place: Place, endpoint: tuple[str, str]) -> None:
    for body, kind in ((b"[]", "array"), (b"null", "null"), (b"1", "int"), (b'"x"', "str"), (b"true", "bool")):
        answer = await place.refused(endpoint, body)
        message = f"expected `object`, got `{kind}`"
        assert answer == {
            "error": "invalid_request",
            "error_description": f"`$`: {message}",
            "problems": [{"path": "$", "message": message}],
        }


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
async def test_unknown_and_repeated_names(place: Place, endpoint: tuple[str, str]) -> None:
    good = json.dumps(GOOD[endpoint]).encode()
    unknown = await place.refused(endpoint, good[:-1] + b', "other": 1}')
    assert unknown["problems"] == [{"path": "$", "message": "object contains unknown field `other`"}]
    for name, value in GOOD[endpoint].items():
        body = good[:-1] + f', "{name}": {json.dumps(value)}}}'.encode()
        twice = await place.refused(endpoint, body)
        assert twice["error_description"] == f"the name `{name}` stands twice in one object; keep one"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
async def test_wrong_types(place: Place, endpoint: tuple[str, str]) -> None:
    for name, value in GOOD[endpoint].items():
        for wrong in (1.5, "x", [1], {"a": 1}, True, -1, 10**30, "\0"):
            if isinstance(wrong, type(value)) and name not in ("deadline_ms", "order"):
                continue  # not a wrong type; what it says is looked at elsewhere
            answer = await place.refused(endpoint, {**GOOD[endpoint], name: wrong})
            if name == "name" or (name == "on_failure" and isinstance(wrong, str)):
                continue
            assert answer["problems"][0]["path"].startswith(f"$.{name}"), (name, wrong, answer)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
async def test_nesting(place: Place, endpoint: tuple[str, str]) -> None:
    text = f"the JSON is nested too deeply: {DEEPEST} levels are the most"
    for opening, closing in ((b"[", b"]"), (b'{"user":', b"}")):
        for levels in (500, 10_000):
            deep = opening * levels + b"1" + closing * levels
            answer = await place.refused(endpoint, deep)
            # A typed reader may refuse what is outermost before it comes to the depth of it.
            assert answer["error_description"] == text or answer["problems"][0]["path"].startswith("$")
            for name in GOOD[endpoint]:
                body = json.dumps({**GOOD[endpoint], name: "DEEP"}).encode().replace(b'"DEEP"', deep)
                answer = await place.refused(endpoint, body)
                if name in ("user", "context"):
                    assert answer["error_description"] == text


@pytest.mark.parametrize("endpoint", TRANSACTIONS, ids=" ".join)
@pytest.mark.parametrize("levels", [DEEPEST - 3, DEEPEST - 2, 200, 380, 390, 400, 900])
async def test_nesting_near_the_limit(place: Place, endpoint: tuple[str, str], levels: int) -> None:
    """Also where rules may be skipped, and where there is none: the same depth is refused everywhere."""
    deep: Any = 1
    for n in range(levels):
        deep = [deep] if n % 2 else {"a": deep}
    for tenant in (place.tenant, await fresh.tenant(place.service)):
        for body in (
            {"user": {"user_id": "u", "x": deep}, "context": {}},
            {"user": {}, "context": {"x": deep}},
            {"user": {}, "context": {"request": {"query": deep}}},
        ):
            response = await place.service.call(*endpoint, body, tenant=tenant)
            inner = DEEPEST - (3 if "request" in body["context"] else 2)
            assert response.status_code == (200 if levels <= inner else 400), response.text


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
async def test_another_content_type(place: Place, endpoint: tuple[str, str]) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""):
        body = json.dumps(GOOD[endpoint]).encode()
        answer = await place.refused(endpoint, body, 415, headers={"Content-Type": kind})
        assert answer["error"] == "unsupported_media_type"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)
async def test_fifty_megabytes(place: Place, endpoint: tuple[str, str]) -> None:
    whole = await place.refused(endpoint, b'{"user": "' + b"x" * 50_000_000 + b'"}', 413)
    limit = 1_048_576 * (16 if endpoint == ("PUT", "/v1/rules") else 1)  # that one takes all rules at once
    assert whole["error_description"] == f"the body is larger than {limit} bytes"
    for declared in (None, "10", "50000000", "9" * 5000):
        taken = 0

        async def pieces() -> AsyncIterator[bytes]:
            nonlocal taken
            for _ in range(500):
                taken += 1
                yield b"x" * 100_000

        method, path = endpoint
        headers = {
            "Authorization": f"Bearer {place.service.token(tenant=place.tenant)}",
            "Content-Type": "application/json",
        }
        if declared is not None:
            headers["Content-Length"] = declared
        path = path.replace("RULE", place.rule).replace("TENANT", place.tenant)
        response = await place.service.client.request(method, path, content=pieces(), headers=headers)
        assert (response.status_code, response.json()) == (413, whole)
        assert taken <= (0 if declared and len(declared) > 3 else limit // 100_000 + 1) + 1


@pytest.mark.parametrize("endpoint", TRANSACTIONS, ids=" ".join)
async def test_no_transaction(place: Place, endpoint: tuple[str, str]) -> None:
    empty = await fresh.tenant(place.service)
    cases: list[tuple[Any, str, str]] = [
        ({"user": []}, "$.user", "expected an object or null"),
        ({"user": "x"}, "$.user", "expected an object or null"),
        ({"user": 0}, "$.user", "expected an object or null"),
        ({"user": False}, "$.user", "expected an object or null"),
        ({"user": {}, "context": None}, "$.context", "expected `object`, got `null`"),
        ({"user": {}, "context": []}, "$.context", "expected `object`, got `array`"),
        ({"context": "x"}, "$.context", "expected `object`, got `str`"),
        ({"user": {}, "context": {"idToken": "x"}}, "$.context.idToken", "expected `object | null`, got `str`"),
        ({"context": {"accessToken": []}}, "$.context.accessToken", "expected `object | null`, got `array`"),
        ({"user": {}, "context": {"protocol": 1}}, "$.context.protocol", "expected `str | null`, got `int`"),
        (b'{"user": {"a": [1e999]}}', "$.user[...][0]", "number out of range"),
        (b'{"user": {}, "context": {"a": -1e999}}', "$.context[...]", "number out of range"),
        (b'{"user": {}, "context": {"idToken": {"a": 1e999}}}', "$.context.idToken[...]", "number out of range"),
        (b'{"user": {"a": %s}}' % (b"9" * 5000), "$.user[...]", "integer value out of range"),
        (b'{"user": null, "context": {"a": %s}}' % (b"9" * 5000), "$.context[...]", "integer value out of range"),
    ]  # fmt: skip
    for tenant in (place.tenant, empty):
        for body, path, message in cases:
            response = await place.service.call(*endpoint, body, tenant=tenant)
            expected = {
                "error": "invalid_request",
                "error_description": f"`{path}`: {message}",
                "problems": [{"path": path, "message": message}],
            }
            assert (response.status_code, response.json()) == (400, expected)


@pytest.mark.parametrize("endpoint", TRANSACTIONS, ids=" ".join)
async def test_odd_but_good(place: Place, endpoint: tuple[str, str]) -> None:
    for body in (
        b'{"user": {"a": 1, "a": 2, "\\u0000": "\\u0000"}, "context": {"x": {"y": 1, "y": 2}}}',
        b' \n{ "context" : { "request": "odd" } ,\t"user" : { } }\r\n',
        b'{"user": {"user": {"user": {}}, "context": {}}, "context": {"user": {}, "x": ":::"}}',
        b'{"\\u0075ser": {"a": "\\ud83d\\ude00", "b": 18446744073709551616, "c": 1e308, "d": -0.0}}',
        '{"user": {"é": "😀"}, "context": {"request": {"query": ["prompt"]}}}'.encode(),
        b'{"user": {}, "context": {}}',
    ):
        response = await place.send(endpoint, body)
        assert (response.status_code, response.json()["idToken"]) == (200, {"ok": 1}), response.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"user": {}, "user": {}}',
        b'{"user": {}, "user": {"a": 1}, "context": {}}',
        b'{"context": {}, "user": {}, "context": {}}',
        b'{"user": null, "user": {}}',
        b'{"user": {"a": 1}, "user": {}, "context": {"a": {}}}',
        b'{"deadline_ms": 1, "user": {}, "deadline_ms": null}',
        b'{"deadline_ms": null, "deadline_ms": null}',
        b'{"user": {}, "us\\u0065r": {"admin": true}, "context": {"x": {}}}',
    ],
)
async def test_an_envelope_says_everything_once(place: Place, body: bytes) -> None:
    answer = await place.refused(("POST", "/v1/execute"), body)
    assert "stands twice in one object; keep one" in answer["error_description"]


@pytest.mark.parametrize("text", [b'{"user": {"a": "\\ud800"}}', b'{"user": {}, "context": {"\\udfff": 1}}'])
async def test_half_a_pair(place: Place, text: bytes) -> None:
    for endpoint in TRANSACTIONS:
        assert "half a surrogate pair" in (await place.refused(endpoint, text))["error_description"]


async def test_rules_with_odd_text(place: Place) -> None:
    create, patch = ("POST", "/v1/rules"), ("PATCH", "/v1/rules/RULE")
    good: dict[str, Any] = {"name": "new", "script": SCRIPT}
    for name in ("", "a\0", "a\n", "\n", " a", "a/b", "é", "a" * 129, "`x`", "../x"):
        for endpoint, body in ((create, {**good, "name": name}), (patch, {"name": name})):
            assert (await place.refused(endpoint, body))["problems"][0]["path"] == "$.name"
    for order in (-1, 10**9 + 1, 2**31, 2**64, 1.5):
        for body in ({**good, "order": order}, {"order": order}):
            answer = await place.refused(create if "name" in body else patch, body)
            assert answer["problems"][0]["path"] == "$.order"
    for field in (b'"name"', b'"script"'):
        text = b'{"name": "new", "script": "x"}'.replace(field + b': "', field + b': "\\ud800')
        assert "half a surrogate pair" in (await place.refused(create, text))["error_description"]


HOSTILE = {
    "a megabyte": "#" * 900_000,
    "64 KB": SCRIPT + "#" * 65_536,
    "deep brackets": "x = " + "(" * 5_000,
    "deep attributes": SCRIPT + "x = a" + ".b" * 20_000,
    "deep minus": SCRIPT + "x = " + "-" * 30_000 + "1",
    "deep plus": SCRIPT + "x = " + "1+" * 20_000 + "1",
    "deep not": SCRIPT + "x = " + "not " * 15_000 + "1",
    "deep blocks": "".join(" " * n + "if 1:\n" for n in range(200)),
    "a huge power": SCRIPT + "x = 9 ** 9 ** 9\n",
    "a huge number": SCRIPT + "x = " + "9" * 60_000,
    "a huge string": SCRIPT + "x = 'x' * 10 ** 10 * 10 ** 10\n",
    "NUL": SCRIPT + "\0",
    "form feeds": "\f" * 60_000,
    "backslashes": "\\\n" * 30_000,
    "an encoding": "# -*- coding: utf-7 -*-\n+AGQAZQBm\n",
    "nested f-strings": SCRIPT + "x = " + "f'{" * 100,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_source(service: Running, name: str) -> None:
    """Refused with a reason, or stored as what it is: code that has to stop when it runs."""
    tenant = await fresh.tenant(service)
    with anyio.fail_after(10):
        for path, body in (
            ("/v1/rules/check", {}),
            ("/v1/rules", {"name": "r"}),
            ("/v1/try", {"user": None}),
        ):
            response = await service.call("POST", path, body | {"script": HOSTILE[name]}, tenant=tenant)
            assert response.status_code in (200, 201, 422), response.text
            if response.status_code == 422:
                (*_, problem) = response.json()["problems"]
                assert problem.keys() == {"line", "column", "code", "message", "severity"}
                assert len(response.content) < 100_000
    listed = (await service.call("GET", "/v1/rules", tenant=tenant)).json()["rules"]
    if name not in ("a huge power", "a huge string", "deep plus"):
        assert listed == []
    if not listed:
        assert (await service.execute(tenant=tenant))["decision"] == "allow"
    assert service.service.pool.counts.workers_died == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = sorted({name for body in GOOD.values() for name in body} | {"rules", "revision", "deploy", "scope_changes"})
BODY = JSON | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5)
TRANSACTION = st.fixed_dictionaries(
    {"user": st.dictionaries(st.text(max_size=6), JSON, max_size=4)},
    optional={
        "context": st.dictionaries(
            st.sampled_from(["idToken", "accessToken", "request", "protocol", "redirect", "multifactor", "x"]), JSON
        )
    },
)


async def test_anything_at_all(service: Running) -> None:
    """No body of any endpoint ends in a 500."""
    tenant = await fresh.tenant(service)
    body = "for c in (user, context):\n    print(str(c))\n    c['x'] = list(c.items())"
    await service.add("odd", body, tenant=tenant, on_failure="skip")
    place = Place(service, tenant, "rul_none")

    async def one(endpoint: tuple[str, str], body: Any) -> None:
        response = await place.send(endpoint, json.dumps(body).encode())
        assert response.status_code < 500, (endpoint, body, response.text)
        assert response.status_code < 300 or response.json().keys() == {"error", "error_description", "problems"}

    def fuzz(strategy: st.SearchStrategy[Any], endpoints: list[tuple[str, str]], examples: int) -> None:
        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def run(body: Any) -> None:
            for endpoint in endpoints:
                anyio.from_thread.run(one, endpoint, body)

        run()

    await anyio.to_thread.run_sync(fuzz, BODY, ENDPOINTS, 120)
    await anyio.to_thread.run_sync(fuzz, TRANSACTION, TRANSACTIONS, 200)
    assert service.service.pool.counts.workers_died == 0


@pytest.mark.parametrize("name", ["%00", "%ff", "%ed%a0%80", "x" * 5000, "..%2f..", "%F0%9F%98%80"])
async def test_odd_paths(place: Place, name: str) -> None:
    for method, path, body in (
        ("GET", "/v1/rules/{}", None),
        ("PATCH", "/v1/rules/{}", {"script": SCRIPT}),
        ("DELETE", "/v1/rules/{}", None),
        ("GET", "/v1/rules/{}/versions", None),
        ("GET", "/v1/rules/{}/versions/1", None),
        ("GET", "/v1/revisions/{}", None),
        ("POST", "/v1/revisions/{}/activate", None),
        ("GET", "/v1/executions/{}", None),
        ("GET", "/v1/tenants/{}", None),
        ("GET", "/v1/tenants/{}/settings", None),
        ("PATCH", "/v1/tenants/{}/settings", {}),
        ("DELETE", "/v1/tenants/{}", None),
    ):
        answer = await place.refused((method, path.format(name)), body, 404)
        assert answer["error"] == "not_found"
        assert len(answer["error_description"]) < 5200
