"""Many scripts compiled in one confined process, where the service would take one for each.

A worker runs whatever code it is sent, so the code here calls the real `compile_rule` in a worker of a pool of its own.
Nothing in the service knows of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import msgspec

from sandbox.limits import Limits
from sandbox.pool import Pool, RuleCode
from sandbox.wire import Answer, Compiled
from tests.sandbox import trial
from tests.sandbox.takeover import takeover

SECONDS = 60.0
LIMITS = Limits(
    rule_time=SECONDS,
    execution_time=SECONDS,
    claims=64 * 2**20,
    answer=64 * 2**20,
    worker_memory=Limits().compile_memory,
)
COMPILE = """
sys.setrecursionlimit(3000)
compile_rule, encode = sys.modules["sandbox.compiler"].compile_rule, sys.modules["msgspec"].json.encode
limits = frame.f_locals["limits"]
context["idToken"]["compiled"] = [encode(compile_rule(script, limits)).decode() for script in user["scripts"]]
"""


def pool() -> Pool:
    """A pool for `compiled` alone."""
    return Pool(LIMITS, workers=2, workers_per_tenant=1, queue=100)


def compiler() -> RuleCode:
    return takeover(COMPILE)


async def compiled(pool: Pool, code: RuleCode, scripts: Sequence[str]) -> list[Compiled] | None:
    """What the compiler says of each script; None when one of them has ended it."""
    user = {"scripts": list(scripts)}
    request = trial.request(code, user=user, context={}, deadline=time.monotonic() + SECONDS)
    answer = await pool.run(request)
    if not isinstance(answer, Answer) or "idToken" not in answer.returns:
        return None
    return [msgspec.json.decode(text, type=Compiled) for text in answer.returns["idToken"]["compiled"]]


def is_text(script: str) -> bool:
    """Whether `script` can cross as JSON; half a surrogate pair cannot."""
    try:
        json.dumps(script, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
