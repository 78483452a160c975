"""Supabase: what is answered becomes the whole token, and is checked there: a wrong one fails the login."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from standardwebhooks import Webhook

from api.issuers.supabase import CAPABILITY
from engine.capability import Capability
from engine.carrier import Carrier
from engine.claims import ClaimsTooLarge
from engine.trace import Blame, Trace
from tests.issuers.hooked import call, hooked
from tests.issuers.test_cases import SECRETS
from tests.issuers.wishing import JSON, Wishing, every, wishes
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CALL: JSON = json.loads((Path(__file__).parent / "calls" / "supabase.json").read_text())["password"]
LARGEST = 200 * 1024  # bytes of an answer
REQUIRED = "aud exp iat sub email phone role aal session_id is_anonymous".split()
TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys("sub email phone role aal session_id iss jti client_id".split(), (str,)),
    **dict.fromkeys(("exp", "iat", "nbf"), (int,)),
    **dict.fromkeys(("app_metadata", "user_metadata"), (dict,)),
    "aud": (str, list),
    "amr": (list,),
}
NAMES = st.sampled_from([*TYPES, "is_anonymous", "scope", "a", "", "https://example.com/roles", "größe"])


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("supabase")) as service:
        yield service


def taken(claims: JSON) -> None:
    """Fails for claims that Supabase would not make a token of."""
    for name in REQUIRED:
        assert name in claims, name
    for name, types in TYPES.items():
        assert name not in claims or type(claims[name]) in types, name
    assert type(claims["is_anonymous"]) is bool
    assert all(isinstance(one, dict) for one in claims.get("amr", []))


@pytest.mark.parametrize("id_token_claims", [False, True])
async def test_every_answer_is_a_token(service: Running, id_token_claims: bool) -> None:
    wishing = await Wishing.of(service, "supabase", {"id_token_claims": id_token_claims})
    optional = st.sampled_from(["iss", "amr", "app_metadata", "user_metadata"])

    async def one(example: tuple[JSON, set[str], bool]) -> None:
        wish, missing, oauth = example
        request = copy.deepcopy(CALL)
        for name in missing:
            del request["claims"][name]
        if oauth:
            request["claims"] |= {"client_id": "shop", "scope": "openid"}
        answered = await wishing.ask(request, wish)
        assert answered.response.status_code == 200
        assert answered.response.headers["content-type"] == "application/json"
        claims = answered.body["claims"]
        taken(claims)
        for name in "iss sub aud exp nbf iat jti amr client_id scope".split():
            assert (name in claims, claims.get(name)) == (name in request["claims"], request["claims"].get(name))
        assert claims == answered.record["accessToken"] | (answered.record["idToken"] if id_token_claims else {})

    await every(st.tuples(wishes(NAMES), st.sets(optional), st.booleans()), one, examples=120)


def test_the_oracle_itself_refuses() -> None:
    taken(CALL["claims"])
    wrong: list[JSON] = [{"email": 7}, {"exp": "x"}, {"is_anonymous": 0}, {"app_metadata": []}, {"amr": ["pwd"]}]
    for change in wrong:
        with pytest.raises(AssertionError):
            taken(CALL["claims"] | change)
    with pytest.raises(AssertionError):
        taken({name: value for name, value in CALL["claims"].items() if name != "phone"})


@pytest.mark.parametrize("letter", ["x", "ü", "🎲", '"', "\n"])
def test_an_answer_is_never_longer_than_supabase_reads(letter: str) -> None:
    """Letters have up to six bytes there. Longer claims deny the login."""
    before = CALL["claims"]
    able: Capability = CAPABILITY
    size = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    for length in (LARGEST // size - 700, LARGEST // size):
        carrier = Carrier(able, Blame(Trace()))
        after = before | {"x": letter * length}
        try:
            carried: Any = carrier.claims({"idToken": {}, "accessToken": before}, {"idToken": {}, "accessToken": after})
        except ClaimsTooLarge:
            assert [one.code for one in carrier.notices] == ["too_large"]
            continue
        answer = json.dumps({"claims": carried["accessToken"]}, ensure_ascii=False, separators=(",", ":"))
        assert len(answer.encode()) <= LARGEST
        assert length < LARGEST // size


def test_claims_that_came_with_the_call_count_too() -> None:
    """All of them stand in the answer."""
    before = CALL["claims"] | {"app_metadata": {"groups": "x" * (LARGEST - 10_000)}}
    carrier = Carrier(CAPABILITY, Blame(Trace()))
    with pytest.raises(ClaimsTooLarge):
        carrier.claims(
            {"idToken": {}, "accessToken": before}, {"idToken": {}, "accessToken": before | {"x": "x" * 10_000}}
        )


async def test_a_signature_of_the_library_that_supabase_uses(service: Running) -> None:
    tenant = await hooked(service, "supabase", secrets={"key": SECRETS["supabase"]})
    body = json.dumps(CALL)
    now = datetime.now(UTC)
    webhook = Webhook(SECRETS["supabase"]["value"].removeprefix("v1,"))
    headers = {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "webhook-id": "f5e2b7a0-9d0d-4c55-8f0e-1a7f2b3c4d5e",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign("f5e2b7a0-9d0d-4c55-8f0e-1a7f2b3c4d5e", now, body),
    }
    response = await call(service, "supabase", tenant, headers, body)
    assert (response.status_code, response.json()) == (200, {"claims": CALL["claims"]})
    later = {**headers, "webhook-timestamp": str(int(time.time()) + 1)}
    assert (await call(service, "supabase", tenant, later, body)).status_code == 401
