"""Traces of logins: what reaches a collector, whose trace it goes on, and that a dead collector hurts nobody."""

from __future__ import annotations

import asyncio
import http.server
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from api import spans as spans_module
from api.app import create_app
from api.origin import origin_of
from api.settings import BadSetting, Settings
from api.spans import VARIABLE
from engine.execution import Execution
from engine.models import Origin, RanRule, Transaction
from engine.trace import Trace
from tests.api import fresh
from tests.service import Running, running

pytestmark = pytest.mark.anyio

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{PARENT}-01"


class Collector:
    """Takes OTLP over HTTP on loopback, as a collector does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.resources: list[dict[str, Any]] = []
        self.status = 200
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces" and collector.status == 200:
                    for part in ExportTraceServiceRequest.FromString(body).resource_spans:
                        collector.resources.append(attributes_of(part.resource))
                        for scope in part.scope_spans:
                            collector.spans.extend(scope.spans)
                self.send_response(collector.status)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    async def of(self, execution: str, within: float = 5.0) -> list[Span]:
        """The execution's span, and those below it."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            for span in list(self.spans):
                if attributes_of(span).get("claimsmith.execution_id") == execution:
                    return [span, *(one for one in self.spans if one.parent_span_id == span.span_id)]
            await asyncio.sleep(0.05)
        return []


def value_of(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value") or "string_value")


def attributes_of(thing: Any) -> dict[str, Any]:
    return {one.key: value_of(one.value) for one in thing.attributes}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


@pytest.fixture(scope="module")
async def service(
    tmp_path_factory: pytest.TempPathFactory, collector: Collector, anyio_backend: str
) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("spans"), {VARIABLE: collector.url}) as service:
        yield service


@pytest.fixture
async def tenant(service: Running) -> str:
    return await fresh.tenant(service)


async def login(service: Running, tenant: str, traceparent: str | None = None) -> str:
    body = {"user": {"user_id": "auth0|ada", "email": "ada@example.com"}, "context": {"clientID": "shop"}}
    headers = {} if traceparent is None else {"traceparent": traceparent}
    response = await service.call("POST", "/v1/execute", body, tenant=tenant, headers=headers)
    assert response.status_code == 200, response.text
    return str(response.json()["execution_id"])


async def test_a_login_goes_on_with_the_callers_trace(service: Running, tenant: str, collector: Collector) -> None:
    await service.add("greets", "context.idToken.secret_claim = user.email\nprint(user.email)", tenant=tenant)
    await service.add("breaks", "context.idToken.x = 1\nraise ValueError(user.email)", tenant=tenant, on_failure="skip")
    before = time.time_ns()
    execution, *rules = await collector.of(await login(service, tenant, GIVEN))
    after = time.time_ns()
    assert (execution.trace_id.hex(), execution.parent_span_id.hex()) == (TRACE, PARENT)
    assert (execution.name, execution.kind) == ("execution", Span.SPAN_KIND_SERVER)
    shown = attributes_of(execution)
    assert shown.pop("claimsmith.execution_id")
    assert shown == {
        "claimsmith.tenant": tenant,
        "claimsmith.revision": 3,
        "claimsmith.decision": "allow",
        "claimsmith.issuer": "native",
    }
    assert [span.name for span in rules] == ["rule greets", "rule breaks"]
    assert {span.trace_id.hex() for span in rules} == {TRACE}
    assert [attributes_of(span)["claimsmith.outcome"] for span in rules] == ["passed", "raised"]
    assert attributes_of(rules[1])["claimsmith.error"] == "rule_raised"
    assert attributes_of(rules[1])["claimsmith.line"] == 3
    assert [span.status.code for span in rules] == [0, 2]
    times = [execution.start_time_unix_nano]
    for span in rules:
        times += [span.start_time_unix_nano, span.end_time_unix_nano]
    times.append(execution.end_time_unix_nano)
    assert times == sorted(times)
    assert before < times[0] < times[-1] < after
    assert collector.resources[-1]["service.name"] == "claimsmith"
    everything = "".join(map(str, collector.spans))
    for private in ("|ada", "ada@", "shop", "secret_claim"):  # three letters alone may be an id's
        assert private not in everything


async def test_a_login_without_one_begins_a_trace(service: Running, tenant: str, collector: Collector) -> None:
    (one,) = await collector.of(await login(service, tenant))
    (two,) = await collector.of(await login(service, tenant))
    assert one.trace_id != two.trace_id
    assert (one.parent_span_id, two.parent_span_id) == (b"", b"")


async def test_a_denial_by_a_failing_rule_is_an_error(service: Running, tenant: str, collector: Collector) -> None:
    await service.add("breaks", "user.nothing.more", tenant=tenant)
    execution, rule = await collector.of(await login(service, tenant))
    assert attributes_of(execution)["claimsmith.error"] == "server_error"
    assert (execution.status.code, rule.status.code) == (2, 2)


async def test_a_hooks_call_goes_on_with_the_issuers_trace(service: Running, tenant: str, collector: Collector) -> None:
    given = {"type": "header", "name": "authorization", "value": "Bearer a value of sixteen"}
    path = "/v1/issuers/hydra/secrets/a"
    assert (await service.call("PUT", path, given, tenant=tenant)).status_code in (200, 201)
    body = {
        "session": {"id_token": {"subject": "u"}, "client_id": "c"},
        "request": {"client_id": "c", "grant_types": ["authorization_code"]},
    }
    headers = {"authorization": given["value"], "traceparent": GIVEN}
    response = await service.client.post(f"/v1/hooks/hydra/{tenant}", json=body, headers=headers)
    execution, *_ = await collector.of(response.headers["claimsmith-execution"])
    assert (execution.trace_id.hex(), execution.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes_of(execution)["claimsmith.issuer"] == "hydra"


async def test_what_the_caller_does_not_keep_is_not_sent(service: Running, tenant: str, collector: Collector) -> None:
    unkept = await login(service, tenant, f"00-{TRACE}-{PARENT}-00")
    kept = await login(service, tenant, f"00-{TRACE}-{PARENT}-03")
    assert await collector.of(kept)
    assert not await collector.of(unkept, within=0)


HOSTILE = [
    "",
    "00",
    "-" * 55,
    f"00-{'0' * 32}-{PARENT}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"ff-{TRACE}-{PARENT}-01",
    f"00-{TRACE.upper()}-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-1",
    f"00-{TRACE}-{PARENT}-01-",
    f"00-{TRACE}-{PARENT}-01-more",
    f"01-{TRACE}-{PARENT}-01more",
    f"cc-{TRACE}-{PARENT}-01-" + "x" * 401,
    f" 00-{TRACE}-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-01\n",
    f"00-{TRACE[:-1]}\u0664-{PARENT}-01",
    f"00-{TRACE}-{PARENT}-01, 00-{TRACE}-{PARENT}-01",
    "0" * 1_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_traceparent_that_is_none_is_left_out(text: str) -> None:
    assert origin_of({"traceparent": text}) is None
    assert origin_of({"traceparent": text, "x-request-id": "r"}) == Origin(request_id="r")


@pytest.mark.parametrize("text", [GIVEN, f"01-{TRACE}-{PARENT}-ff", f"cc-{TRACE}-{PARENT}-01-what-comes"])
def test_a_traceparent_of_any_version_is_read(text: str) -> None:
    assert origin_of({"traceparent": text}) == Origin(trace_id=TRACE, span_id=PARENT, sampled=True)


async def test_a_hostile_traceparent_refuses_nothing(service: Running, tenant: str, collector: Collector) -> None:
    for text in HOSTILE[:12]:
        assert await login(service, tenant, text.strip())


async def test_what_a_worker_says_cannot_spoil_the_traces_of_others(
    service: Running, tenant: str, collector: Collector
) -> None:
    error = {"code": "ada@example.com", "message": "ada", "line": 1}
    journal = [["end", 0, "raised", 10**12, error]]
    execution = Execution(
        id="lies", tenant=tenant, revision=1, decision="allow", updates={}, clock=1, seconds=0.1,
        transaction=Transaction(tenant=tenant, user=None, context=b"{}"),
        trace=Trace(rules=(RanRule("id", "liar", 1, "deny"),), journal=msgspec.Raw(msgspec.json.encode(journal))),
    )  # fmt: skip
    assert service.service.spans is not None
    service.service.spans.note(execution, "native")
    other = await login(service, tenant)
    assert await collector.of(other)
    spans = await collector.of("lies")
    assert [span.name for span in spans] == ["execution", "rule liar"]
    assert attributes_of(spans[1])["claimsmith.error"] == "unknown"
    for span in spans:
        assert "ada" not in str(span)
        assert span.end_time_unix_nano - span.start_time_unix_nano <= 0.1e9 + 1


async def test_a_collector_that_is_gone_hurts_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans_module, "MOST", 20)
    with socket.socket() as hanging:  # it accepts, and never answers
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        async with running(tmp_path, {VARIABLE: f"http://127.0.0.1:{hanging.getsockname()[1]}"}) as service:
            tenant = await fresh.tenant(service)
            await login(service, tenant)
            spans = service.service.spans
            assert spans is not None
            async with asyncio.timeout(10):
                while spans._waiting:  # the first one has to be on its way
                    await asyncio.sleep(0.01)
            began = time.monotonic()
            for _ in range(50):
                await login(service, tenant)
            assert time.monotonic() - began < 5
            text = (await service.call("GET", "/metrics")).text
            assert 'claimsmith_traces_total{fate="dropped"} 30.0' in text
            began = time.monotonic()
        assert time.monotonic() - began < 10


async def test_a_collector_that_comes_back_gets_traces(service: Running, tenant: str, collector: Collector) -> None:
    assert service.service.spans is not None
    collector.status = 400
    try:
        await login(service, tenant)
        until = time.monotonic() + 5
        while not service.service.spans.counts["failed"] and time.monotonic() < until:
            await asyncio.sleep(0.05)
        assert service.service.spans.counts["failed"] >= 1
    finally:
        collector.status = 200
    assert await collector.of(await login(service, tenant))


async def test_the_service_needs_none_of_it() -> None:
    """`redis` imports it where it is installed, so it is made as if it were not."""
    script = "import sys; sys.modules['opentelemetry'] = None; import api.app, api.serve; print('starts')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("starts\n", "")


async def test_without_it_the_start_is_refused_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = Settings.from_environ({"REDIS_URL": "none", VARIABLE: "http://127.0.0.1:4318"}, data=tmp_path)
    app = create_app(settings)
    with pytest.raises(BadSetting, match=re.escape("install `claimsmith[otel]`, or leave it unset")):
        async with app.router.lifespan_context(app):
            pass


@pytest.mark.parametrize("url", ["localhost:4318", "grpc://localhost:4317", "http://", "http://[::1"])
def test_what_is_no_collector(url: str) -> None:
    with pytest.raises(BadSetting, match=VARIABLE):
        Settings.from_environ({VARIABLE: url})
