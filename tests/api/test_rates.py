"""How often one caller may ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.callers import Caller
from api.errors import ApiError
from api.rates import MOST, Rates
from tests.service import running

pytestmark = pytest.mark.anyio


def caller(subject: str = "a", tenant: str = "t") -> Caller:
    return Caller(subject, tenant, frozenset())


def test_a_bucket_fills_steadily() -> None:
    now = 0.0
    rates = Rates(10, lambda: now)
    for _ in range(20):
        rates.take(caller())
    with pytest.raises(ApiError) as refused:
        rates.take(caller())
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    rates.take(caller("b"))
    rates.take(caller("a", "other"))
    now += 0.1
    rates.take(caller())
    with pytest.raises(ApiError):
        rates.take(caller())
    now += 1000
    for _ in range(20):
        rates.take(caller())
    with pytest.raises(ApiError):
        rates.take(caller())
    assert rates.refused == 3


def test_without_a_bound_nothing_is_remembered() -> None:
    rates = Rates(0)
    for _ in range(1000):
        rates.take(caller())
    assert not rates._buckets


def test_what_is_remembered_is_bounded() -> None:
    rates = Rates(1)
    for number in range(MOST + 10):
        rates.take(caller(str(number)))
    assert len(rates._buckets) == MOST


async def test_a_caller_that_asks_too_often(tmp_path: Path) -> None:
    async with running(tmp_path, {"CLAIMSMITH_CALLS_PER_SECOND": "2"}) as service:
        body = {"user": {"user_id": "u"}, "context": {}}
        answers = [await service.call("POST", "/v1/execute", body, scope="execute") for _ in range(30)]
        said = [answer.status_code for answer in answers]
        assert said[:4] == [200] * 4
        assert 429 in said
        refused = answers[said.index(429)]
        assert refused.json()["error"] == "too_many_requests"
        assert int(refused.headers["retry-after"]) >= 1
        assert (await service.client.get("/healthz")).status_code == 200
