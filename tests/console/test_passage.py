"""Attacks on the way by which scripts of the console call the API, and on the calls that its pages make from inside."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Message

from api import who
from api.console.asking import Api, Refused, address
from api.console.passage import HEADERS
from tests.api import fresh
from tests.console.visitor import Visitor, set_cookies
from tests.service import Running, running

pytestmark = pytest.mark.anyio

RULE = {"name": "one", "script": "def rule(user, context):\n    pass\n", "deploy": False}


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("x")) as service:
        yield service


@pytest.fixture
async def visitor(service: Running) -> Visitor:
    visitor = Visitor(service)
    await visitor.sign_in()
    return visitor


async def rules(service: Running, tenant: str = "default") -> list[Any]:
    return list((await service.call("GET", "/v1/rules", tenant=tenant)).json()["rules"])


async def test_it_is_the_api(visitor: Visitor) -> None:
    tenant = await fresh.tenant(visitor.service)
    csrf = {"X-CSRF-Token": await visitor.csrf(), "Claimsmith-Tenant": tenant, "X-Request-ID": "a-name"}
    made = await visitor.ask("POST", "/console/api/v1/rules", json=RULE, headers=csrf)
    assert (made.status_code, made.headers["x-request-id"]) == (201, "a-name")
    assert made.headers["cache-control"] == "no-store"
    path = f"/console/api/v1/rules/{made.json()['id']}"
    stale = await visitor.ask("PATCH", path, json={"name": "two"}, headers={**csrf, "If-Match": '"9"'})
    assert stale.status_code == 412
    assert [rule["name"] for rule in await rules(visitor.service, tenant)] == ["one"]
    wrong = await visitor.ask("POST", "/console/api/v1/rules", content=b"{", headers=csrf)
    assert (wrong.status_code, wrong.json()["error"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X"])
@pytest.mark.parametrize("given", [None, "", "wrong", "another session's"])
async def test_what_changes_something_needs_the_sessions_own_word(
    visitor: Visitor, method: str, given: str | None
) -> None:
    other = Visitor(visitor.service)
    await other.sign_in()
    word = await other.csrf() if given == "another session's" else given
    headers = {} if word is None else {"X-CSRF-Token": word}
    response = await visitor.ask(method, "/console/api/v1/rules", json=RULE, headers=headers)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert not await rules(visitor.service)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://claimsmith.evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_another_site_calls_nothing(visitor: Visitor, method: str, headers: dict[str, str]) -> None:
    csrf = await visitor.csrf()
    sent = {**headers, "X-CSRF-Token": csrf, "Host": "localhost" if "Sec-Fetch-Site" in headers else "claimsmith"}
    response = await visitor.ask(method, "/console/api/v1/rules", json=RULE, headers=sent)
    assert response.status_code in (400, 401)
    assert "rules" not in response.json()
    assert "access-control-allow-origin" not in response.headers
    assert not await rules(visitor.service)


async def test_a_form_of_another_site(visitor: Visitor) -> None:
    """What a form can send without scripts: no header, and no JSON."""
    csrf = await visitor.csrf()
    body = json.dumps(RULE)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = await visitor.ask(
            "POST",
            f"/console/api/v1/rules?X-CSRF-Token={csrf}&csrf={csrf}",
            content=body,
            headers={"Content-Type": kind},
        )
        assert response.status_code == 400
    assert not await rules(visitor.service)


@pytest.mark.parametrize(
    "path",
    [
        "/console/api/",
        "/console/api//v1/rules",
        "/console/api//evil.example/v1/rules",
        "/console/api/%2e%2e/v1/rules",
        "/console/api/%2F/v1/rules",
        "/console/api/v1%2Frules",
        "/console/api%2Fv1/rules",
        "/console/%61pi/v1/rules",
        "/%63onsole/api/v1/rules",
        "/console/api/console/api/v1/rules",
        "/console/api/console/t/default/rules",
        "/console/api/console/sign-in",
        "/console/api/v1/../console/sign-in",
        "/console/api/v1/%2e%2e/console/sign-in",
        "/console/api/v1/..%2f..%2fconsole%2fsign-in",
        "/console/api/healthz",
        "/console/api/docs",
        "/console/api/metrics",
        "/console/api/V1/rules",
        "/console/api/v1/rules/",
        "/console/api/v1/rules%00",
        "/console/api/v1/rules%0d%0aX:y",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_other_address_is_reached(visitor: Visitor, method: str, path: str) -> None:
    headers = {"X-CSRF-Token": await visitor.csrf()}
    url = httpx2.URL("http://claimsmith").copy_with(raw_path=path.encode())
    response = await visitor.ask(method, str(url) if ".." not in path else path, headers=headers)
    assert response.status_code in (404, 405), response.text
    assert not set_cookies(response)
    assert "<form" not in response.text


async def test_whoever_the_caller_says_it_is(visitor: Visitor) -> None:
    """A call carries the session's token, and none of what a caller could be known by else."""
    reader = Visitor(visitor.service)
    await reader.sign_in(visitor.service.token("executions:read"))
    admin = visitor.service.token()
    for more in (
        {"Authorization": f"Bearer {admin}"},
        {"authorization": f"Bearer {admin}", "Cookie2": "x"},
        {"Webhook-Id": "a", "Webhook-Timestamp": "1", "Webhook-Signature": "v1,x"},
    ):
        said = await reader.ask("GET", "/console/api/v1/caller", headers=more)
        assert said.json()["scopes"] == ["executions:read"]
    signed = {
        "Webhook-Id": "a",
        "Webhook-Timestamp": "1",
        "Webhook-Signature": "v1,x",
        "X-CSRF-Token": await visitor.csrf(),
    }
    answer = await visitor.ask("POST", "/console/api/v1/execute", json={"user": {"user_id": "u1"}}, headers=signed)
    assert answer.status_code == 200  # by the token: the signature was not looked at
    plain = Visitor(visitor.service)
    alone = await plain.ask("GET", "/console/api/v1/rules", headers={"Authorization": f"Bearer {admin}"})
    assert alone.status_code == 401
    direct = await visitor.ask("GET", "/v1/rules")
    assert direct.status_code == 401  # a cookie is nothing to the API


def test_headers_by_which_a_caller_is_known() -> None:
    known = {b"authorization", b"cookie", b"host", b"forwarded", b"x-forwarded-for", b"x-real-ip", b"x-csrf-token"}
    assert not known.intersection(HEADERS)
    assert not [name for name in HEADERS if name.startswith((b"webhook-", b"sec-", b"x-forwarded", b"proxy-"))]


@pytest.mark.parametrize("tenant", ["other\r\nAuthorization: x", "Other", "", " ", "a,b", "../x", "é"])
async def test_a_tenant_that_is_none(visitor: Visitor, tenant: str) -> None:
    headers = [(b"Claimsmith-Tenant", tenant.encode())]
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    response = await visitor.service.client.get(
        "/console/api/v1/rules", headers=[*headers, (b"Cookie", cookies.encode())]
    )
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_two_tenants(visitor: Visitor) -> None:
    """The first counts, here as there: nobody reads one and acts on the other."""
    one, two = await fresh.tenant(visitor.service), await fresh.tenant(visitor.service)
    await visitor.service.call("POST", "/v1/rules", RULE, headers={"Claimsmith-Tenant": one})
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    headers = [("Claimsmith-Tenant", one), ("Claimsmith-Tenant", two), ("Cookie", cookies)]
    response = await visitor.service.client.get("/console/api/v1/rules", headers=headers)
    assert [rule["name"] for rule in response.json()["rules"]] == ["one"]


async def test_a_reader_changes_nothing(visitor: Visitor) -> None:
    reader = Visitor(visitor.service)
    await reader.sign_in(visitor.service.token("rules:read"))
    headers = {"X-CSRF-Token": await reader.csrf()}
    response = await reader.ask("POST", "/console/api/v1/rules", json=RULE, headers=headers)
    assert (response.status_code, response.json()["error"]) == (403, "insufficient_scope")


async def test_streams_end_when_the_browser_goes_away(visitor: Visitor) -> None:
    """And come through piece by piece until then."""
    service = visitor.service.service
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    gone, sent = asyncio.Event(), asyncio.Queue[Message]()
    first = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if first:
            return first.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http",
        "method": "GET", "path": "/console/api/v1/executions/tail", "root_path": "", "query_string": b"",
        "raw_path": b"/console/api/v1/executions/tail", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        "headers": [(b"host", b"claimsmith"), (b"cookie", cookies.encode())], "state": {},
    }  # fmt: skip
    app: Any = visitor.service.client._transport.app  # type: ignore[attr-defined]
    answering = asyncio.create_task(app(scope, receive, sent.put))
    try:
        start = await asyncio.wait_for(sent.get(), 10)
        assert start["status"] == 200
        assert (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]
        assert [value for name, value in start["headers"] if name == b"cache-control"] == [b"no-store"]
        done = await visitor.service.execute()
        text = b""
        async with asyncio.timeout(10):
            while done["execution_id"].encode() not in text:
                text += (await sent.get()).get("body", b"")
        assert not answering.done()
        assert service.followers["default"] == 1
        gone.set()
        await asyncio.wait_for(answering, 10)
        assert service.followers["default"] == 0
    finally:
        answering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await answering


# What pages ask from inside


def a_request(service: Running, **headers: str) -> Request:
    return Request(
        {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": "GET",
            "path": "/console/t/default/rules", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            "app": service.client._transport.app,  # type: ignore[attr-defined]
        }
    )  # fmt: skip


async def test_an_answer_that_streams_is_whole(service: Running) -> None:
    await service.add("one", "pass")
    api = Api(a_request(service), service.token(), "default")
    answer = await api.send("GET", "/v1/tenants/default/export")
    assert answer.status == 200
    assert all(json.loads(line) for line in answer.body.splitlines())
    await service.execute()
    while service.service.records.waiting:
        await asyncio.sleep(0.01)
    impact = await api.send("POST", "/v1/impact", {"since": "1h", "revision": 1})
    assert [json.loads(line) for line in impact.body.splitlines()]


async def test_labels_go_along(service: Running) -> None:
    trace = f"00-{'1' * 32}-{'2' * 16}-01"
    api = Api(
        a_request(service, x_request_id="a-name", traceparent=trace, x_forwarded_for="9.9.9.9"), service.token(), None
    )
    answer = await api.send("GET", "/v1/rules")
    assert answer.headers["x-request-id"] == "a-name"


async def test_refusals_say_why(service: Running) -> None:
    api = Api(a_request(service), service.token("rules:read"), "default")
    with pytest.raises(Refused) as refused:
        await api.send("POST", "/v1/rules", RULE)
    assert (refused.value.status, refused.value.error) == (403, "insufficient_scope")
    with pytest.raises(Refused, match="there is no such thing"):
        await api.get(address("v1", "rules", "../../../v1/caller"))
    with pytest.raises(Refused, match="404"):
        await api.get(address("v1", "rules", "a?b#c"))


async def test_a_fault_is_logged_once(
    service: Running, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """And has one id, which the page shows."""
    csrf = await visitor.csrf()
    lines: list[str] = []

    class Log:
        def error(self, event: str, **values: Any) -> None:
            lines.append(f"{event} {values}")

        def debug(self, event: str, **values: Any) -> None:
            lines.append(f"{event} {values}")

    monkeypatch.setattr("api.errors.log", Log())
    monkeypatch.setattr(who, "SCOPES", None)
    page = await visitor.ask("GET", "/console/t/default/rules")
    assert page.status_code == 500
    assert "The service" in page.text or "console cannot show" in page.text
    assert len(lines) == 1
    found = lines[0].partition("'error_id': '")[2][:16]
    assert len(found) == 16 and found in page.text
    token = visitor.cookies["claimsmith_session"]
    assert csrf not in lines[0] and token not in lines[0] and "eyJ" not in lines[0]
