"""Attacks on the sign-in and on the cookies that it makes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from starlette.requests import Request
from starlette.responses import Response

from api.callers import issue_token
from api.console.pages import POLICY
from api.console.session import COOKIE, HOST, MOST_PIECES, PIECE, Session, Sessions
from api.refusals import LONGEST_TOKEN
from engine.keys import Keys
from tests.api import fresh
from tests.console.visitor import Visitor, set_cookies
from tests.service import Running, running

pytestmark = pytest.mark.anyio

OLD, NEW = "the secret before, of 32 characters or more", "the secret of today, of 32 characters or more"
PROXY = {"Host": "console.example.com", "Sec-Fetch-Site": "same-origin"}  # what comes through one that speaks TLS


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("x")) as service:
        yield service


@pytest.fixture
def visitor(service: Running) -> Visitor:
    return Visitor(service)


def long_token(service: Running, length: int) -> str:
    """A good token of about this many characters."""
    claims = {**jwt.decode(service.token(), options={"verify_signature": False}), "more": "x" * (length * 3 // 4)}
    return jwt.encode(claims, service.service.keys.derive("caller-tokens"), "HS256")


async def is_in(visitor: Visitor) -> bool:
    return (await visitor.ask("GET", "/console/t/default/rules", keeps=False)).status_code == 200


# The cookie


async def test_a_cookie_that_no_script_reads(visitor: Visitor) -> None:
    token = visitor.service.token()
    response = await visitor.sign_in(token)
    assert (response.status_code, response.headers["location"]) == (303, "/console/t/default/rules")
    (cookie,) = set_cookies(response)
    assert (cookie.key, cookie["httponly"], cookie["samesite"], cookie["path"]) == (COOKIE, True, "lax", "/")
    assert (cookie["secure"], cookie["domain"], cookie["max-age"]) == ("", "", "")
    assert token not in cookie.value
    assert await is_in(visitor)


@pytest.mark.parametrize(
    "headers",
    [PROXY, {"Origin": "https://console.example.com", "Host": "console.example.com"}],
)
async def test_by_tls_it_is_the_hosts_own(visitor: Visitor, headers: dict[str, str]) -> None:
    (cookie,) = set_cookies(await visitor.sign_in(headers=headers))
    assert (cookie.key, cookie["secure"], cookie["path"], cookie["domain"]) == (HOST + COOKIE, True, "/", "")
    assert await is_in(visitor)  # an older browser, of which nothing says that it came by TLS
    assert (await visitor.ask("GET", "/console/t/default/rules", headers=PROXY)).status_code == 200


async def test_a_neighbour_cannot_set_it(visitor: Visitor) -> None:
    """Whoever has another host of the domain can set a cookie for all of it, but none with the prefix."""
    await visitor.sign_in()
    assert list(visitor.cookies) == [COOKIE]
    seen = await visitor.ask("GET", "/console/t/default/rules", headers=PROXY)
    assert seen.status_code == 303


async def test_a_new_session_has_nothing_of_the_one_before(visitor: Visitor) -> None:
    await visitor.sign_in()
    first, before = await visitor.csrf(), dict(visitor.cookies)
    await visitor.sign_in(visitor.service.token("rules:read"))
    assert await visitor.csrf() != first
    assert visitor.cookies != before


@pytest.mark.parametrize(
    "forge",
    [
        lambda value: value[:-1],
        lambda value: value[1:],
        lambda value: value[:40] + ("A" if value[40] != "A" else "B") + value[41:],
        lambda value: "A" + value,
        lambda value: "",
        lambda value: "é",
        lambda value: "null",
        lambda value: value.swapcase(),
        lambda value: value[: len(value) // 2],
    ],
)
async def test_a_cookie_that_is_changed(visitor: Visitor, forge: Any) -> None:
    await visitor.sign_in()
    value = visitor.cookies[COOKIE]
    forged = f"{COOKIE}={forge(value)}".encode()
    seen = await visitor.ask("GET", "/console/t/default/rules", headers={"Cookie": forged})
    assert (seen.status_code, seen.headers["location"]) == (303, "/console/sign-in?next=/console/t/default/rules")


async def test_a_cookie_in_pieces(visitor: Visitor) -> None:
    token = long_token(visitor.service, LONGEST_TOKEN - 400)
    assert len(token) <= LONGEST_TOKEN
    await visitor.sign_in(token)
    names = list(visitor.cookies)
    assert len(names) == MOST_PIECES
    assert all(len(value) <= PIECE for value in visitor.cookies.values())
    assert await is_in(visitor)
    whole = dict(visitor.cookies)
    visitor.cookies = {**whole, names[1]: whole[names[2]], names[2]: whole[names[1]]}
    assert not await is_in(visitor)
    for name in names:
        visitor.cookies = {kept: value for kept, value in whole.items() if kept != name}
        assert not await is_in(visitor)
    visitor.cookies = whole
    await visitor.sign_in()  # the pieces behind are gone with the token that they were of
    assert list(visitor.cookies) == [COOKIE]
    assert await is_in(visitor)


async def test_pieces_of_two_sessions(visitor: Visitor) -> None:
    await visitor.sign_in(long_token(visitor.service, 8000))
    one = dict(visitor.cookies)
    await visitor.sign_in(long_token(visitor.service, 8000))
    visitor.cookies |= {name: value for name, value in one.items() if name.endswith("_1")}
    assert not await is_in(visitor)


async def test_a_token_that_is_too_long(visitor: Visitor) -> None:
    response = await visitor.sign_in(long_token(visitor.service, 20_000))
    assert response.status_code == 422
    assert "the token is longer than 16384 characters" in response.text
    assert not visitor.cookies


def test_what_does_not_fit_is_not_cut() -> None:
    request = Request({"type": "http", "scheme": "http", "path": "/", "server": ("a", 80), "headers": []})
    response = Response()
    with pytest.raises(ValueError, match="too long for the console"):
        Sessions([b"k" * 32]).start(response, request, "x" * 30_000, 1)
    assert "set-cookie" not in response.headers


async def test_what_was_sealed_for_something_else(visitor: Visitor) -> None:
    await visitor.sign_in()
    sessions = visitor.service.service.sessions
    token = visitor.service.token()
    for value in ("saved", {"type": "flow", "token": token, "expires_at": 2**31, "csrf": "c"}, None, [token]):
        visitor.cookies[COOKIE] = sessions.seal(value)
        assert not await is_in(visitor)
    visitor.cookies[COOKIE] = sessions.seal(Session(token, 2**31, "c"))
    assert await is_in(visitor)


async def test_with_another_secret_and_during_a_rotation(tmp_path: Path) -> None:
    async with running(tmp_path / "one", {"CLAIMSMITH_SECRET": OLD}) as service:
        visitor = Visitor(service)
        await visitor.sign_in()
        cookies = visitor.cookies
    rotated = {"CLAIMSMITH_SECRET": NEW, "CLAIMSMITH_SECRET_PREVIOUS": OLD}
    async with running(tmp_path / "one", rotated) as service:
        visitor = Visitor(service)
        visitor.cookies = dict(cookies)
        assert await is_in(visitor)
        await visitor.sign_in()
        later = visitor.cookies
    async with running(tmp_path / "one", {"CLAIMSMITH_SECRET": NEW}) as service:
        for kept, still in ((cookies, False), (later, True)):
            visitor = Visitor(service)
            visitor.cookies = dict(kept)
            assert await is_in(visitor) is still
        visitor.cookies = dict(cookies)
        await visitor.sign_in()  # over one that can no longer be read
        assert await is_in(visitor)


def test_it_does_not_show_itself() -> None:
    assert "eyJ" not in repr(Session("eyJtoken", 1, "csrf")) and "csrf" not in repr(Session("eyJtoken", 1, "csrf"))


# The sign-in


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Host": "localhost:8100"}, 303),
        ({"Sec-Fetch-Site": "none", "Host": "localhost:8100"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Sec-Fetch-Site": "nonsense"}, 400),
        ({"Origin": "http://claimsmith"}, 303),
        ({"Origin": "https://claimsmith"}, 303),  # behind a proxy that speaks TLS
        ({"Origin": "http://claimsmith:8443"}, 400),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "https://claimsmith.evil.example"}, 400),
        ({"Origin": "https://claimsmith@evil.example"}, 400),
        ({"Origin": "null"}, 400),
        ({"Origin": "null", "Host": ""}, 400),
        ({"Origin": ""}, 400),
    ],
)
async def test_another_site_signs_nobody_in(visitor: Visitor, headers: dict[str, str], status: int) -> None:
    response = await visitor.sign_in(headers=headers)
    assert response.status_code == status
    assert bool(visitor.cookies) is (status == 303)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/console/",
        "/\\evil.example/console/",
        "/console\\..\\..\\evil",
        "/console/\\evil.example",
        "/console",
        "/consoles/x",
        "/v1/rules",
        "javascript:alert(1)",
        " /console/t/default/rules",
        "/console/\tx",
        "/console/x\r\nSet-Cookie: a=b",
        "/console/é",
        "\x00",
        "",
    ],
)
async def test_it_leads_nowhere_else(visitor: Visitor, wanted: str) -> None:
    response = await visitor.sign_in(next=wanted)
    assert (response.status_code, response.headers["location"]) == (303, "/console/t/default/rules")
    assert [cookie.key for cookie in set_cookies(response)] == [COOKIE]


@pytest.mark.parametrize("wanted", ["/console/t/default/executions?person=a%26b&x=1", "/console/t/default/rules/a%2Fb"])
async def test_it_leads_back(visitor: Visitor, wanted: str) -> None:
    sent = await visitor.ask("GET", wanted)
    if sent.status_code == 303:
        shown = await visitor.ask("GET", sent.headers["location"])
    else:  # no such screen yet
        shown = await visitor.ask("GET", "/console/sign-in", params={"next": wanted})
    assert f'name="next" value="{wanted.replace("&", "&amp;")}"' in shown.text
    assert (await visitor.sign_in(next=wanted)).headers["location"] == wanted


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', "' onfocus='alert(1)", "{{ 7*7 }}", "</title><b>"])
async def test_what_is_shown_is_text(visitor: Visitor, text: str) -> None:
    for response in (
        await visitor.ask("GET", "/console/sign-in", params={"next": text, "why": text}),
        await visitor.sign_in(text, next=text),
        await visitor.ask("GET", f"/console/{text}"),
    ):
        assert text not in response.text or text == "{{ 7*7 }}"
        assert "49" not in response.text
    claims = {"sub": text, "tenant": "default", "scope": "rules:read", "exp": 2**33}
    key = visitor.service.service.keys.derive("caller-tokens")
    await visitor.sign_in(jwt.encode(claims, key, "HS256"))
    page = await visitor.ask("GET", "/console/t/default/rules")
    assert (page.status_code, text in page.text) == (200, text == "{{ 7*7 }}")


async def test_forms_that_are_too_much(visitor: Visitor) -> None:
    for content in (b"token=" + b"x" * 70_000, b"a&" * 10_000, b"\xff\xfe%ff%00", b"{}", b""):
        response = await visitor.ask("POST", "/console/sign-in", content=content)
        assert response.status_code == 422, content[:20]
        assert "Paste a token first" in response.text or "is not accepted" in response.text


@pytest.mark.parametrize("scope", ["", "nonsense"])
async def test_a_token_that_allows_nothing(visitor: Visitor, scope: str) -> None:
    claims = {"sub": "ann", "tenant": "default", "scope": scope, "exp": 2**33}
    key = visitor.service.service.keys.derive("caller-tokens")
    response = await visitor.sign_in(jwt.encode(claims, key, "HS256"))
    page = await visitor.ask("GET", response.headers["location"])
    assert page.status_code == 403
    assert "Your token does not allow this" in page.text and "none" in page.text


async def test_a_sign_in_that_has_ended(visitor: Visitor) -> None:
    service = visitor.service
    now = jwt.decode(service.token(), options={"verify_signature": False})["iat"]
    claims = {"sub": "ann", "tenant": "default", "scope": "admin", "exp": now - 60}
    token = jwt.encode(claims, service.service.keys.derive("caller-tokens"), "HS256")
    assert (await visitor.sign_in(token)).status_code == 422
    visitor.cookies[COOKIE] = service.service.sessions.seal(Session(token, now - 60, "c"))
    page = await visitor.ask("GET", "/console/t/default/rules")
    assert page.headers["location"] == "/console/sign-in?why=ended&next=/console/t/default/rules"
    assert (await visitor.ask("GET", "/console/")).headers["location"].startswith("/console/sign-in?why=ended")
    part = await visitor.ask("GET", "/console/t/default/rules", headers={"HX-Request": "true"})
    assert (part.status_code, part.json()["error"]) == (401, "unauthorized")
    called = await visitor.ask("GET", "/console/api/v1/rules")
    assert called.status_code == 401


async def test_out(visitor: Visitor) -> None:
    await visitor.sign_in(long_token(visitor.service, 8000))
    csrf = await visitor.csrf()
    for form, headers in (
        ({}, {}),
        ({"csrf": csrf[:-1]}, {}),
        ({"csrf": "\udcff"}, {}),
        ({"csrf": csrf}, {"Origin": "https://evil.example"}),
    ):
        content = b"csrf=%ED%B3%BF" if form == {"csrf": "\udcff"} else None
        options: Any = {"content": content} if content else {"form": form}
        response = await visitor.ask("POST", "/console/sign-out", headers=headers, **options)
        assert response.status_code == 400
        assert await is_in(visitor)
    out = await visitor.ask("POST", "/console/sign-out", form={"csrf": csrf})
    assert (out.status_code, out.headers["location"]) == (303, "/console/sign-in?why=out")
    assert not visitor.cookies


# The pages


async def test_headers_of_every_page(visitor: Visitor) -> None:
    policy = "; ".join(f"{name} {value}" for name, value in POLICY.items())
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    pages = [("GET", "/console/sign-in", 200), ("POST", "/console/sign-in", 422), ("GET", "/console/nothing", 404)]
    pages += [("POST", "/console/sign-out", 303)]
    for method, path, status in pages:
        response = await visitor.ask(method, path)
        assert response.status_code == status
        _require_headers(response, policy)
    await visitor.sign_in(visitor.service.token("rules:read"))
    for path, status in (
        ("/console/t/default/rules", 200),
        ("/console/t/other/rules", 403),
        ("/console/t/default/nothing", 404),
        ("/console/sign-out", 404),
    ):
        response = await visitor.ask("GET", path)
        assert response.status_code == status, path
        _require_headers(response, policy)
    await visitor.sign_in(visitor.service.token("executions:read"))
    response = await visitor.ask("GET", "/console/t/default/rules")
    assert response.status_code == 403
    _require_headers(response, policy)


def _require_headers(response: Any, policy: str) -> None:
    if response.status_code == 303:
        return
    assert response.headers["content-security-policy"] == policy
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "<style" not in response.text and " style=" not in response.text


@pytest.mark.parametrize(
    ("tenant", "status"),
    [
        ("nobody", 404), ("%20", 400), ("Default", 400), ("a" * 64, 400), ("%0d%0aX:1", 400), ("é", 400),
        ("..%00", 400), ("%ff", 400),
    ],
)  # fmt: skip
async def test_a_tenant_that_is_none(visitor: Visitor, tenant: str, status: int) -> None:
    await visitor.sign_in()
    response = await visitor.ask("GET", f"/console/t/{tenant}/rules")
    assert response.status_code == status
    assert "<h1>" in response.text
    await visitor.sign_in(visitor.service.token("rules:read"))
    assert (await visitor.ask("GET", f"/console/t/{tenant}/rules")).status_code == 403


async def test_another_tenants_page(visitor: Visitor) -> None:
    other = await fresh.tenant(visitor.service)
    await visitor.sign_in(visitor.service.token("rules:read"))
    page = await visitor.ask("GET", f"/console/t/{other}/rules")
    assert page.status_code == 403
    assert "These are another tenant&#39;s things" in page.text or "These are another tenant's things" in page.text
    await visitor.sign_in()
    assert (await visitor.ask("GET", f"/console/t/{other}/rules")).status_code == 200


async def test_methods(visitor: Visitor) -> None:
    await visitor.sign_in()
    for method, path, status in (
        ("HEAD", "/console/t/default/rules", 200),
        ("OPTIONS", "/console/t/default/rules", 405),
        ("DELETE", "/console/t/default/rules", 405),
        ("PUT", "/console/sign-in", 405),
        ("TRACE", "/console/sign-in", 405),
        ("GET", "/console/sign-out", 404),
    ):
        response = await visitor.ask(method, path)
        assert response.status_code == status, (method, path)
        assert not set_cookies(response)
        assert "access-control-allow-origin" not in response.headers


async def test_what_the_next_page_says(visitor: Visitor) -> None:
    """Only what one of our pages has left for it."""
    await visitor.sign_in()
    for said in ("You have won", "%3Cb%3E", '"saved"'):
        visitor.cookies["claimsmith_said"] = said
        page = await visitor.ask("GET", "/console/t/default/rules")
        assert 'class="notice"' not in page.text
        assert "claimsmith_said" not in visitor.cookies
    visitor.cookies["claimsmith_said"] = visitor.service.service.sessions.seal("Saved <b>.")
    page = await visitor.ask("GET", "/console/t/default/rules")
    assert '<p class="notice">Saved &lt;b&gt;.</p>' in page.text


@pytest.mark.parametrize(
    "path",
    ["../session.py", "..%2fsession.py", "..%252fsession.py", "%2e%2e/x", "console.css/", "console.css%00", ".css"],
)
async def test_files_of_the_console_alone(visitor: Visitor, path: str) -> None:
    response = await visitor.ask("GET", f"/console/static/{path}")
    assert response.status_code == 404
    assert "import" not in response.text


async def test_files_are_what_they_are(visitor: Visitor) -> None:
    response = await visitor.ask("GET", "/console/static/console.js")
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["content-security-policy"] == "default-src 'none'"
    again = await visitor.ask("GET", "/console/static/console.js", headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_who_a_token_is_for(service: Running) -> None:
    """`GET /v1/caller`, by which the console knows."""
    said = (await service.call("GET", "/v1/caller", scope="replay rules:read")).json()
    assert (said["subject"], said["tenant"], said["scopes"]) == ("tester", "default", ["rules:read", "replay"])
    claims = {"tenant": "default", "scope": "admin", "exp": 10**15}
    token = jwt.encode(claims, service.service.keys.derive("caller-tokens"), "HS256")
    response = await service.client.get("/v1/caller", headers={"Authorization": f"Bearer {token}"})
    assert json.loads(response.text) == {
        "subject": "", "tenant": "default", "scopes": ["admin"], "expires_at": 253_402_300_799,
    }  # fmt: skip


async def test_a_token_of_another_service(visitor: Visitor) -> None:
    token = issue_token(Keys("x" * 32), scope="admin", tenant="default", subject="x", expires_in=60)
    response = await visitor.sign_in(token)
    assert response.status_code == 422
    assert token not in response.text
