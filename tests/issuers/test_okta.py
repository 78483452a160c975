"""Okta: an answer that it would refuse has it issue the token as it was. So every patch is applied here as there."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonpatch
import pytest
from hypothesis import strategies as st

from tests.issuers.hooked import call, hooked
from tests.issuers.test_cases import SECRETS
from tests.issuers.wishing import JSON, VALUES, Wishing, every, wishes
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CALL: JSON = json.loads((Path(__file__).parent / "calls" / "okta.json").read_text())["code"]
PARTS = {"com.okta.identity.patch": ("identity", "idToken"), "com.okta.access.patch": ("access", "accessToken")}
LARGEST = 256_000  # bytes

# Of the page "token hook", word by word; the last of each of the pages of both tokens.
RESERVED = {
    "idToken": """active aid app_id app_type at_hash auth_time client_id client_ip client_req_id client_type
        client_user_agent cnf c_hash device_compliance device_id device_known device_managed device_name device_trust
        did dst group groups hotk idp idp_iss mac_key may_act nonce oid okta_emailVerified okta_lastUpdated orig
        permissions purpose pwd_exp_days pwd_exp_time rid role scope scopes sid term user_ip iss jti token_type ver
        sub aud exp iat amr""".split(),
    "accessToken": """acr amr as_uri cid groups rpt rsi uid username iss jti token_type ver
        sub aud exp iat scp""".split(),
}
NAMES = st.sampled_from(
    [*RESERVED["idToken"], *RESERVED["accessToken"], "tier", "plan", "name", "email", "a", "b", "", "/", "~", "~1", "-",
     "0", "a/b~c", "https://example.com/roles", "größe", "🎲", "claims", "client_tier", "entitlements", "scope"]
)  # fmt: skip


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("okta")) as service:
        yield service


@st.composite
def calls(draw: st.DrawFn) -> tuple[JSON, JSON]:
    request = copy.deepcopy(CALL)
    for part in ("identity", "access"):
        if draw(st.integers(0, 3)) == 0:
            del request["data"][part]
            continue
        request["data"][part]["claims"] |= draw(st.dictionaries(NAMES, VALUES, max_size=4))
        if draw(st.integers(0, 3)) == 0:
            del request["data"][part]["token"]
    return request, draw(wishes(NAMES))


def patched(request: JSON, answer: JSON | None) -> dict[str, JSON]:
    """What becomes of the tokens that are issued. Fails where Okta would refuse the answer."""
    parts = {token: request["data"].get(part) for part, token in PARTS.values()}
    for command in (answer or {}).get("commands", []):
        part, token = PARTS[command["type"]]
        assert request["data"].get(part) is not None, "a command for a token that is not issued"
        assert command["value"], "a command without an operation"
        for operation in command["value"]:
            path = operation["path"]
            if path.startswith("/claims/"):
                name = path[len("/claims/") :].replace("~1", "/").replace("~0", "~")
                assert name, "a claim without a name"
                assert "/" not in path[len("/claims/") :], "a path into a claim"
                assert name not in RESERVED[token], name
                there = name in request["data"][part]["claims"]
                assert there == (operation["op"] != "add"), f"{operation['op']} {name}"
            else:
                assert (operation["op"], path) == ("replace", "/token/lifetime/expiration")
                assert 300 <= operation["value"] <= 86_400
            assert ("value" in operation) == (operation["op"] != "remove")
        parts[token] = jsonpatch.apply_patch(parts[token], command["value"])
    return {token: part for token, part in parts.items() if part is not None}


async def test_the_patches_make_of_the_tokens_what_was_decided(service: Running) -> None:
    wishing = await Wishing.of(service, "okta")

    async def one(example: tuple[JSON, JSON]) -> None:
        request, wish = example
        answered = await wishing.ask(request, wish)
        assert answered.response.status_code == (200 if answered.body else 204), answered.body
        assert "error" not in (answered.body or {})
        assert len(answered.response.content) <= LARGEST
        for token, part in patched(request, answered.body).items():
            assert part["claims"] == answered.record[token]
            before = CALL["data"]["identity"]["token"]["lifetime"]["expiration"]
            wanted = answered.record["lifetime"].get(token, before)
            assert part.get("token", {"lifetime": {"expiration": wanted}})["lifetime"]["expiration"] == wanted

    await every(calls(), one)


@pytest.mark.parametrize(("token", "name"), [(token, name) for token, names in RESERVED.items() for name in names])
async def test_no_operation_on_a_reserved_name(service: Running, token: str, name: str) -> None:
    """Alone, set where it is not there, changed where it is, and taken out."""
    wishing = await Wishing.of(service, "okta")
    part = next(part for part, known in PARTS.values() if known == token)
    for there in (True, False):
        for do in ("set", "remove"):
            request = copy.deepcopy(CALL)
            claims = request["data"][part]["claims"]
            claims.pop(name, None)
            if there:
                claims[name] = "as it was"
            wish: JSON = {name: {"set": [], "remove": []} for name in ("identity", "access")} | {"lifetime": {}}
            wish[part][do] = [[name, "x"]] if do == "set" else [name]
            answered = await wishing.ask(request, wish)
            assert "commands" not in (answered.body or {})
            assert patched(request, answered.body)[token]["claims"] == claims


async def test_an_answer_too_long_for_okta_is_a_refusal_and_said(
    service: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    """Many small claims are much longer as operations than they are in a token."""
    rule = "context.idToken = {str(n): 1 for n in range(NUMBER)}"
    for number, allowed in ((5_000, True), (6_000, False)):
        tenant = await hooked(
            service, "okta", secrets={"key": SECRETS["okta"]}, rules=[rule.replace("NUMBER", str(number))]
        )
        counted = service.service.metrics.hooks["okta", "allow"]
        headers = {"content-type": "application/json", "authorization": SECRETS["okta"]["value"]}
        response = await call(service, "okta", tenant, headers, CALL)
        assert response.status_code == 200
        assert len(response.content) <= LARGEST
        assert ("commands" in response.json()) is allowed
        assert ("error" in response.json()) is not allowed
        assert service.service.metrics.hooks["okta", "allow"] == counted + allowed
    shown = capsys.readouterr().out
    assert "what was decided is not told" in shown
    assert response.headers["claimsmith-execution"] in shown


async def test_whoever_shows_another_secret_is_told_so_by_the_metric(service: Running) -> None:
    """Okta takes no 401 for a no: the operator has to see it."""
    tenant = await hooked(service, "okta", secrets={"key": SECRETS["okta"]})
    before = service.service.metrics.hooks["okta", "unauthenticated"]
    response = await call(service, "okta", tenant, {"content-type": "application/json", "authorization": "x"}, CALL)
    assert (response.status_code, response.json()) == (401, {"error": "unauthorized"})
    assert service.service.metrics.hooks["okta", "unauthenticated"] == before + 1


def test_the_oracle_itself_refuses() -> None:
    """Else it would prove nothing."""
    wrong: list[Any] = [
        [{"op": "add", "path": "/claims/tier", "value": 1}],
        [{"op": "replace", "path": "/claims/none", "value": 1}],
        [{"op": "remove", "path": "/claims/none"}],
        [{"op": "add", "path": "/claims/groups", "value": []}],
        [{"op": "add", "path": "/claims/", "value": []}],
        [{"op": "add", "path": "/claims/a/b", "value": 1}],
        [{"op": "replace", "path": "/token/lifetime/expiration", "value": 299}],
        [{"op": "add", "path": "/claims/a"}],
        [],
    ]
    for operations in wrong:
        with pytest.raises(AssertionError):
            patched(CALL, {"commands": [{"type": "com.okta.identity.patch", "value": operations}]})
