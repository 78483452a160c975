"""Whole calls as strangers send them, and as somebody does who has one secret and wants more than that."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest

from api.body import DEEPEST
from api.issuers.kinds import SIGNING, read_secret
from api.issuers.signatures import SCHEMES, timed_signature
from api.issuers.signing import signed
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from tests.issuers.hooked import call, hooked
from tests.issuers.sending import OF_TOKENS
from tests.issuers.test_cases import SECRETS
from tests.service import Running, running

pytestmark = pytest.mark.anyio

# Those who show tokens are in tests/issuers/test_entra.py and test_firebase.py.
KNOWN = [name for name in ISSUERS if SECRETS[name]["type"] not in OF_TOKENS]
SIGN = [name for name in KNOWN if SECRETS[name]["type"] in SIGNING]
SAY = "context.idToken['https://example.com/a'] = '1'\ncontext.accessToken['https://example.com/a'] = '1'"
JSON_TYPE = ("content-type", "application/json")


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("strangers")) as service:
        yield service


def first_call(issuer: str) -> dict[str, Any]:
    return copy.deepcopy(next(iter(calls_of(ISSUERS[issuer]).values())))


def shown(issuer: str, body: bytes, **changed: Any) -> dict[str, str]:
    secret = read_secret(msgspec.json.encode(SECRETS[issuer] | changed))
    return signed(secret, ISSUERS[issuer].scheme, body, time.time())


async def ready(service: Running, issuer: str, rule: str = SAY) -> str:
    return await hooked(service, issuer, secrets={"key": SECRETS[issuer]}, rules=[rule])


async def sent(
    service: Running, issuer: str, tenant: str, headers: list[tuple[str, str]], body: bytes
) -> httpx2.Response:
    return await service.client.post(f"/v1/hooks/{issuer}/{tenant}", content=body, headers=[JSON_TYPE, *headers])


@pytest.mark.parametrize("issuer", KNOWN)
async def test_of_two_headers_the_first_counts(service: Running, issuer: str) -> None:
    """Whatever stands in front of us, what it lets pass and what we look at is the same one, or the call is refused."""
    tenant, body = await ready(service, issuer), msgspec.json.encode(first_call(issuer))
    good = list(shown(issuer, body).items())
    for name, value in good:
        other = (name, value[:-1] + ("0" if value[-1] != "0" else "1"))
        assert "claimsmith-execution" in (await sent(service, issuer, tenant, [*good, other], body)).headers
        refused = await sent(service, issuer, tenant, [other, *good], body)
        assert (refused.status_code, "claimsmith-execution" in refused.headers) == (401, False)
        joined = [(one, f"{value}, {value}" if one == name else text) for one, text in good]
        both = await sent(service, issuer, tenant, joined, body)
        if "signature" not in name:  # which alone is a list
            assert both.status_code == 401


@pytest.mark.parametrize("issuer", KNOWN)
async def test_a_call_nested_as_deeply_as_a_body_may_be(
    service: Running, capsys: pytest.CaptureFixture[str], issuer: str
) -> None:
    tenant = await ready(service, issuer)
    for levels, accepted in ((DEEPEST - 1, True), (DEEPEST, False)):
        body = first_call(issuer)
        body["more"] = json.loads("[" * levels + "]" * levels)
        text = json.dumps(body).encode()
        response = await sent(service, issuer, tenant, list(shown(issuer, text).items()), text)
        assert ("claimsmith-execution" in response.headers) is accepted, response.text
    assert "unexpected error" not in capsys.readouterr().out


@pytest.mark.parametrize("issuer", SIGN)
async def test_what_is_signed_is_every_byte(service: Running, issuer: str) -> None:
    """Also where the JSON would say the same."""
    tenant, body = await ready(service, issuer), msgspec.json.encode(first_call(issuer))
    headers = list(shown(issuer, body).items())
    for other in (body + b"\n", b" " + body, body.replace(b":", b": ", 1), b"\xef\xbb\xbf" + body, body[:-1], b""):
        assert (await sent(service, issuer, tenant, headers, other)).status_code == 401
    assert "claimsmith-execution" in (await sent(service, issuer, tenant, headers, body)).headers


@pytest.mark.parametrize("issuer", [name for name in SIGN if ISSUERS[name].scheme])
@pytest.mark.parametrize(
    "written",
    [
        "{t}.0",
        "{t}.5",
        " {t}",
        "+{t}",
        "-{t}",
        "{t}e0",
        "0x{x}",
        "{a}",
        "{f}",
        "{t}_0",
        "{t},t={t}",
        "",
        "{t};",
        "{t}\t",
    ],
)
async def test_a_time_is_written_in_one_way(service: Running, issuer: str, written: str) -> None:
    """Even by who signs what is written. The last are digits of other alphabets, as their bytes in UTF-8."""
    tenant, body = await ready(service, issuer), msgspec.json.encode(first_call(issuer))
    scheme, key = SCHEMES[issuer], SECRETS[issuer]["value"]
    now = str(int(time.time() * scheme.per_second))
    text = written.format(
        t=now,
        n="",
        x=f"{int(now):x}",
        a="".join(chr(0x0660 + int(digit)) for digit in now),
        f="".join(chr(0xFF10 + int(digit)) for digit in now),
    )
    header = f"t={text},v1={timed_signature(key, text, body)}".encode()
    path = f"/v1/hooks/{issuer}/{tenant}"
    response = await service.client.post(
        path, content=body, headers=[(b"content-type", b"application/json"), (scheme.header.encode(), header)]
    )
    assert response.status_code == 401, response.text


@pytest.mark.parametrize("issuer", KNOWN)
async def test_two_tenants_with_the_same_secret(service: Running, issuer: str) -> None:
    """Whose rules run is said by the address alone; what is kept of it is that tenant's."""
    one, other = await ready(service, issuer), await ready(service, issuer, "pass")
    body = msgspec.json.encode(first_call(issuer))
    headers = [*shown(issuer, body).items(), ("Claimsmith-Tenant", one)]
    response = await sent(service, issuer, other, headers, body)
    execution = response.headers["claimsmith-execution"]
    assert (await service.record(execution, other))["steps"]
    assert (await service.call("GET", f"/v1/executions/{execution}", tenant=one)).status_code == 404
    assert "https://example.com/a" not in response.text.replace("~1", "/")
    await service.call("DELETE", f"/v1/issuers/{issuer}/secrets/key", tenant=one)
    assert (await sent(service, issuer, one, headers, body)).status_code == 401
    assert "claimsmith-execution" in (await sent(service, issuer, other, headers, body)).headers


async def test_our_own_signature_is_no_call(service: Running) -> None:
    """WorkOS signs calls as we sign answers: what we have said cannot be sent back to us as a call."""
    tenant, body = await ready(service, "workos", "pass"), msgspec.json.encode(first_call("workos"))
    verdict = (await sent(service, "workos", tenant, list(shown("workos", body).items()), body)).json()
    assert verdict["payload"]["verdict"] == "Allow"
    payload = json.dumps(verdict["payload"], separators=(",", ":")).encode()
    header = ("workos-signature", f"t={verdict['payload']['timestamp']},v1={verdict['signature']}")
    answer = await sent(service, "workos", tenant, [header], payload)
    assert answer.json()["payload"]["verdict"] == "Deny"
    assert "claimsmith-execution" not in answer.headers


HOSTILE = "\r\nSet-Cookie: a=b\r\n\r\n</script><script>\u2028\x1b[31m\x00\u202e\\\"'"


@pytest.mark.parametrize("issuer", KNOWN)
@pytest.mark.parametrize(
    "rule", ["raise UnauthorizedError({0!r})", "context.idToken[{0!r}] = context.accessToken['x'] = {0!r}"]
)
async def test_texts_of_rules_are_texts_in_answers(service: Running, issuer: str, rule: str) -> None:
    tenant, body = await ready(service, issuer, rule.format(HOSTILE)), msgspec.json.encode(first_call(issuer))
    response = await sent(service, issuer, tenant, list(shown(issuer, body).items()), body)
    assert response.headers.keys() <= {"content-length", "content-type", "claimsmith-execution", "date", "server"}
    if response.content:
        assert response.headers["content-type"] == "application/json"
        json.loads(response.content)
        assert not set(range(32)) & set(response.content)


@pytest.mark.parametrize("issuer", KNOWN)
async def test_whatever_a_stranger_sends_costs_a_line_and_no_more(
    service: Running, capsys: pytest.CaptureFixture[str], issuer: str
) -> None:
    tenant = await ready(service, issuer)
    capsys.readouterr()
    for headers in (
        {"authorization": "Bearer " + "a." * 8_000},
        {"authorization": "Bearer W1tbW1tb.e30.AA"},
        {"authorization": "Basic \x01" + "A" * 1_000},
        {"cookie": "hook=" + "\\" * 1_000},
        {"webhook-id": "{", "webhook-timestamp": "9" * 400, "webhook-signature": "v1a," * 500},
        {"zitadel-signature": "t=1,v1=" + "0" * 3_000, "workos-signature": "t=,v1=" * 300},
    ):
        for body in (b"", b"{", b"[" * 100_000, b"\xff" * 1_000, b'{"a":1,"a":2}', b"a.b.c"):
            response = await call(service, issuer, tenant, {"content-type": "application/json", **headers}, body)
            assert response.status_code == 401, response.text
    logged = capsys.readouterr().out
    assert "unexpected error" not in logged
    assert "Traceback" not in logged
