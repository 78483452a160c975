"""Lines of the log that anybody can cause."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from api.sparing import A_SECOND, AT_ONCE, Sparing
from tests.service import Running, running

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("sparing")) as service:
        yield service


def test_so_many_a_second() -> None:
    now = 0.0
    sparing = Sparing(lambda: now)
    assert [sparing.line() for _ in range(int(AT_ONCE) + 3)] == [*[0] * int(AT_ONCE), None, None, None]
    now += 1 / A_SECOND
    assert [sparing.line() for _ in range(2)] == [3, None]
    now += 1_000
    assert [sparing.line() for _ in range(int(AT_ONCE) + 1)] == [1, *[0] * (int(AT_ONCE) - 1), None]


async def test_who_is_nobody_does_not_fill_the_log(service: Running) -> None:
    with capture_logs() as lines:
        for number in range(200):
            response = await service.client.post(f"/v1/hooks/okta/t{number}", content=b"{}")
            assert response.status_code == 401
    assert AT_ONCE <= len([line for line in lines if line["log_level"] == "warning"]) < 150
    text = (await service.call("GET", "/metrics")).text
    assert 'claimsmith_hooks_total{issuer="okta",outcome="unauthenticated"} 200.0' in text
