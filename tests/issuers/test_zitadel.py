"""Zitadel: what becomes of an answer there, beside that of another target, before and behind ours."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.issuers.wishing import JSON, VALUES, Wishing, every, wishes
from tests.service import Running, running

pytestmark = pytest.mark.anyio

CALLS: dict[str, JSON] = json.loads((Path(__file__).parent / "calls" / "zitadel.json").read_text())
OURS = {"function/preuserinfo": "idToken", "function/preaccesstoken": "accessToken"}
NAMES = st.sampled_from(
    ["a", "b", "c", "*", "", "sub", "email", "department", "urn:zitadel:iam:x", "urn:zitadel:other", "größe", "scope"]
)
MEMBERS = {"append_claims", "set_user_metadata", "append_log_claims"}


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("zitadel")) as service:
        yield service


def told(before: JSON, answer: JSON) -> JSON:
    """What Zitadel keeps of both: each member of the later answer stands instead of the earlier one's."""
    assert answer.keys() <= MEMBERS
    return before | answer


def issued(request: JSON, response: JSON) -> JSON:
    """The claims that it issues: of those that are appended, the first of a name that is not set yet."""
    claims = dict(request["userinfo"])
    for one in response.get("append_claims", []):
        assert one.keys() == {"key", "value"}
        if not one["key"].startswith("urn:zitadel:iam"):
            claims.setdefault(one["key"], one["value"])
    return claims


earlier = st.fixed_dictionaries(
    {},
    optional={
        "append_claims": st.lists(st.fixed_dictionaries({"key": NAMES, "value": VALUES}), max_size=4),
        "append_log_claims": st.just(["a line of theirs"]),
        "set_user_metadata": st.just([{"key": "seen", "value": "eWVz"}]),
    },
)


@pytest.mark.parametrize("call", ["userinfo", "access_token"])
async def test_what_is_issued_is_what_was_decided(service: Running, call: str) -> None:
    wishing = await Wishing.of(service, "zitadel")

    async def one(example: tuple[JSON, JSON]) -> None:
        before, wish = example
        request = copy.deepcopy(CALLS[call]) | {"response": before}
        answered = await wishing.ask(request, wish)
        assert answered.response.status_code == 200
        response = told(before, answered.body)
        decided = answered.record[OURS[request["function"]]]
        unknown = {one["key"] for one in before.get("append_claims", []) if one["key"].startswith("urn:zitadel:iam")}
        assert issued(request, response) == {name: decided[name] for name in decided.keys() - unknown}
        assert response.get("set_user_metadata") == before.get("set_user_metadata")
        lines = before.get("append_log_claims", [])
        assert response.get("append_log_claims", [])[: len(lines)] == lines

    await every(st.tuples(earlier, wishes(NAMES)), one, examples=100)


def test_the_oracle_itself() -> None:
    request = {"userinfo": {"sub": "1"}}
    added = [{"key": "sub", "value": 2}, {"key": "a", "value": 1}, {"key": "a", "value": 2}]
    added += [{"key": "urn:zitadel:iam:x", "value": 1}]
    assert issued(request, {"append_claims": added}) == {"sub": "1", "a": 1}
    assert told({"append_claims": added, "append_log_claims": ["x"]}, {"append_claims": []}) == {
        "append_claims": [],
        "append_log_claims": ["x"],
    }
