"""Hydra: what it keeps of an answer comes back with the next call, and what it asks again must not be a failure."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import strategies as st

from api.issuers.hydra import ISSUER
from api.issuers.issuer import Cause, Refusal
from tests.issuers.hooked import call, hooked
from tests.issuers.test_cases import SECRETS
from tests.issuers.wishing import JSON, VALUES, Wishing, every, wishes
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CALLS: dict[str, JSON] = json.loads((Path(__file__).parent / "calls" / "hydra.json").read_text())
HEADERS = {"content-type": "application/json; charset=UTF-8", "authorization": SECRETS["hydra"]["value"]}
NAMES = st.sampled_from(["a", "b", "", "sub", "rat", "sid", "scp", "ext", "https://example.com/roles", "größe"])
ONLY_HYDRA = "sub iss aud jti exp iat nonce at_hash c_hash acr amr auth_time rat".split()  # in an ID token


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("hydra")) as service:
        yield service


def kept(request: JSON, status: int, answer: Any) -> tuple[JSON, JSON]:
    """What stands in Hydra's session after the answer: of the access token, and of the ID token."""
    if status == 204:
        session = request["session"]
        return session["extra"], session["id_token"]["id_token_claims"]["ext"]
    assert status == 200
    return answer["session"]["access_token"], answer["session"]["id_token"]


def refreshed(access_token: JSON, id_token: JSON) -> JSON:
    request = copy.deepcopy(CALLS["legacy"])
    request["session"]["extra"] = access_token
    request["session"]["id_token"]["id_token_claims"]["ext"] = id_token
    return request


async def test_the_session_is_what_was_decided_and_stays_so_at_a_refresh(service: Running) -> None:
    wishing = await Wishing.of(service, "hydra")
    claims = st.dictionaries(NAMES, VALUES, max_size=4)

    async def one(example: tuple[JSON, JSON, JSON]) -> None:
        access_token, id_token, wish = example
        request = copy.deepcopy(CALLS["code"])
        request["session"]["extra"] = access_token
        request["session"]["id_token"]["id_token_claims"]["ext"] = id_token
        answered = await wishing.ask(request, wish)
        after = kept(request, answered.response.status_code, answered.body)
        assert after == (answered.record["accessToken"], answered.record["idToken"])
        for name in ONLY_HYDRA:
            assert (name in after[1], after[1].get(name)) == (name in id_token, id_token.get(name))
        again = await wishing.ask(refreshed(*after), wish)
        assert again.response.status_code == 204

    await every(st.tuples(claims, claims, wishes(NAMES)), one, examples=80)


async def test_without_a_user_no_rule_runs_that_does_not_say_so(service: Running) -> None:
    tenant = await hooked(service, "hydra", secrets={"key": SECRETS["hydra"]})
    await service.add("for people", "context.accessToken.x = 1", tenant=tenant)
    request = copy.deepcopy(CALLS["code"])
    request["request"]["grant_types"] = ["client_credentials"]
    response = await call(service, "hydra", tenant, HEADERS, request)
    assert response.status_code == 204
    record = await service.record(response.headers["claimsmith-execution"], tenant)
    assert [one["code"] for one in record["warnings"]] == ["no_user"]
    assert (await call(service, "hydra", tenant, HEADERS, CALLS["code"])).status_code == 200


async def test_a_record_says_who_logged_in(service: Running) -> None:
    """Hydra names `id_token` what says so, and no token is in it; an assertion is a credential."""
    tenant = await hooked(service, "hydra", secrets={"key": SECRETS["hydra"]})
    request = copy.deepcopy(CALLS["code"])
    request["session"]["id_token"]["subject"] = "6b1f4c1e-8a56-4c1a-9d0e-2a8f6f1d7c10"
    request["session"]["id_token"]["id_token_claims"] |= {
        "ext": {"sid": "a-session-of-hydra", "mail": "ada@example.com"}
    }
    request["request"]["payload"]["assertion"] = ["eyJhbGciOiJub25lIn0.e30."]
    response = await call(service, "hydra", tenant, HEADERS, request)
    record = await service.record(response.headers["claimsmith-execution"], tenant)
    assert record["transaction"]["user"] == {"user_id": "6b1f4c1e-8a56-4c1a-9d0e-2a8f6f1d7c10"}
    assert record["idToken"] == {"sid": "a-session-of-hydra", "mail": "ada@example.com"}
    assert "eyJhbGci" not in json.dumps(record)


@pytest.mark.parametrize("cause", get_args(Cause))
def test_no_refusal_is_asked_again(cause: Cause) -> None:
    """Of go-retryablehttp: 429, and 5xx but 501."""
    status = ISSUER.refuse(Refusal(cause=cause, text="x")).status
    assert status != 429
    assert 400 <= status < 500
    assert (status == 403) == (cause == "denied")
