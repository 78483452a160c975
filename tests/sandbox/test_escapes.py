"""The attack corpus: each file tries one way out, and says in its first line how that has to end.

`refused: CODE` at upload; `raises: NAME` inside the rule; `stops: OUTCOME` by a limit; `passes: harmless` when what
it does is allowed and gains nothing. However it ends, no canary may appear in anything that comes back.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from sandbox.pool import Killed, Pool
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

ESCAPES = sorted((Path(__file__).parent / "escapes").glob("*.py"))
SIGNING_KEY = "canary-in-the-service's-memory"
CANARIES = ("canary-environment", "canary-file", "canary-other-tenant", "canary-earlier-login", SIGNING_KEY)


@pytest.fixture(scope="module")
async def target(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Pool, Path]]:
    os.environ["CLAIMSMITH_SECRET"] = "canary-environment"
    file = tmp_path_factory.mktemp("canary") / "file"
    file.write_text("canary-file")
    pool = trial.pool(workers=3, per_tenant=1)
    await pool.start()
    await trial.claims(pool, rule("context.idToken.a = user.email"), key="other", user={"email": "canary-other-tenant"})
    yield pool, file
    await pool.close()
    del os.environ["CLAIMSMITH_SECRET"]


def test_the_corpus_is_whole() -> None:
    assert len(ESCAPES) > 150
    for path in ESCAPES:
        kind = path.read_text().partition("\n")[0].removeprefix("# ").partition(": ")[0]
        assert kind in ("refused", "raises", "stops", "passes"), path.name


@pytest.mark.parametrize("path", ESCAPES, ids=lambda path: path.stem)
async def test_escape(target: tuple[Pool, Path], path: Path) -> None:
    pool, file = target
    source = path.read_text().replace("CANARY_FILE", str(file))
    kind, _, end = source.partition("\n")[0].removeprefix("# ").partition(": ")
    if kind == "refused":
        result = await pool.compile(source)
        assert result.code == b""
        assert end in [problem.code for problem in result.problems], result.problems
        return
    code = await trial.compiled(pool, source)
    # A login of somebody else, in the same worker just before.
    user = {"user_id": "auth0|0", "email": "canary-earlier-login"}
    await pool.run(trial.request(code, user=user))
    answer = await pool.run(trial.request(code))
    text = msgspec.json.encode(answer)
    for canary in CANARIES:
        assert canary.encode() not in text
    assert not isinstance(answer, Killed), answer
    (outcome,) = trial.outcomes(answer)
    if kind == "raises":
        message = " ".join(error[1] for error in trial.errors(answer))
        shown = {"MemoryError": "the rule used up its memory", "RecursionError": "the rule nests its calls too deeply"}
        assert message.startswith(shown.get(end, end)), (outcome, message)
    else:
        assert outcome == {"stops": end, "passes": "passed"}[kind], trial.errors(answer)
