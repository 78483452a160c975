"""Hostile frames both ways, a short run with the choices always the same; `make fuzz` goes on with them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fuzz.draw import Seeded
from tests.fuzz.firing import FrameRange, work
from tests.fuzz.frames import deeds
from tests.sandbox import trial

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def firing(anyio_backend: str) -> AsyncIterator[FrameRange]:
    firing = FrameRange("short")
    await firing.start()
    yield firing
    await firing.close()


async def test_frames_both_ways(firing: FrameRange) -> None:
    await work(firing, range(180))
    assert firing.findings == {}
    counts = firing.counts
    assert counts["to the service"] == 120
    assert counts["to a worker"] > 50
    # The frames are worth something: some are taken for answers, some are not.
    assert counts["it ends: answered"] > 5
    assert counts["it ends: died"] > 20
    assert counts["a worker answered"] > 3
    assert counts["a worker ended"] > 10


def test_every_deed_is_done() -> None:
    words = {word for number in range(400) for word, _ in deeds(Seeded(f"deeds:{number}"))}
    assert words == {"send", "frame", "slowly", "claim", "write", "wait", "die", "signal", "hang", "close", "raise"}


async def test_claims_of_somebody_else_are_found(firing: FrameRange) -> None:
    """A login that gets another one's claims: planted by a rule that says so."""
    assert firing._codes is not None
    before = firing._codes
    liar = await trial.compiled(firing.pool, trial.rule("context.idToken.who = 'somebody else'\ncontext.idToken.n = 1"))
    firing._codes = (before[0], liar)
    try:
        await firing.to_service(0)
    finally:
        firing._codes = before
    kinds = {finding.kind for finding in firing.findings.values()}
    firing.findings.clear()
    assert kinds == {"wrong login"}
