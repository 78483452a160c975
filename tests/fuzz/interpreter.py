"""What CPython itself does another way from one run to the next, told from what a login or a worker has done.

Two answers to one request may differ since the interpreter runs what it has seen often in another way, since texts and
the order of sets hold addresses, and since a rule can find out how deep it may nest its calls. A worker may die since
what is nested very deeply overflows the C stack. None of it says anything of the sandbox; anything else does.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from sandbox.limits import Limits
from sandbox.pool import Busy, Killed, Pool, Request, RuleCode
from sandbox.wire import Answer
from tests.fuzz.sameness import differences_between, timeless
from tests.sandbox import trial
from tests.sandbox.takeover import takeover

# Takes blocks of all small sizes for good, so that what is made later stands elsewhere.
OTHER_MEMORY = takeover(
    "blocks = [bytearray(n * 13 % 500) for n in builtins.range(user['blocks'])]\n"
    "sys.modules['sandbox.limits'].__dict__['blocks'] = blocks[::3]"
)
BLOCKS = (0, 1, 38, 411, 1502, 5003, 9001, 20_000)
DEPTHS = (Limits().recursion, Limits().recursion + 33, Limits().recursion + 70)
STACK = 2 * 2**30  # bytes: a hundred times what a worker has
PATIENT = Limits(rule_time=5.0, execution_time=8.0)
_fresh = itertools.count()


async def differs(pool: Pool, first: Answer, request: Request) -> bool:
    """Whether it is CPython by which `request`, sent again to its worker in `pool`, is not answered as at first."""
    for told in (_as_if_new, _by_addresses):
        if await told(pool, first, request):
            return True
    return await _by_depth(request)


async def _as_if_new(pool: Pool, first: Answer, request: Request) -> bool:
    """Whether the same code, loaded once more in the same worker, answers as at first."""
    rules = tuple(msgspec.structs.replace(rule, digest=f"{rule.digest} {next(_fresh)}") for rule in request.rules)
    answer = await _answer(pool, msgspec.structs.replace(request, rules=rules))
    return answer is not None and not differences_between(first, answer)


async def _by_addresses(pool: Pool, first: Answer, request: Request) -> bool:
    """Whether it answers otherwise in workers that have other memory in use, and have run nothing else."""
    answers = set()
    for blocks in BLOCKS:
        key = f"fresh {next(_fresh)}"
        if blocks:
            await _answer(pool, trial.request(OTHER_MEMORY, key=key, user={"blocks": blocks}))
        answers.add(_text(await _answer(pool, msgspec.structs.replace(request, key=key))))
    return len(answers) > 1


async def _by_depth(request: Request) -> bool:
    """Whether it answers otherwise in workers that may nest their calls deeper."""
    answers = set()
    for depth in DEPTHS:
        pool = Pool(msgspec.structs.replace(PATIENT, recursion=depth), workers=2, workers_per_tenant=1, queue=10)
        await pool.start()
        try:
            answers.add(_text(await _answer(pool, request)))
        finally:
            await pool.close()
    return len(answers) > 1


async def _answer(pool: Pool, request: Request) -> Answer | None:
    now = asyncio.get_running_loop().time()
    try:
        answer = await pool.run(msgspec.structs.replace(request, deadline=now + PATIENT.execution_time))
    except Busy:
        return None
    return answer if isinstance(answer, Answer) else None


def _text(answer: Answer | None) -> bytes:
    return timeless(answer) if answer is not None else b""


async def overflows_the_stack(*rules: RuleCode) -> bool:
    """Whether the rules end their worker, and do not do so where the stack is large."""
    large = msgspec.structs.replace(PATIENT, worker_memory=2 * STACK)
    return await _die(rules, PATIENT) and not await _die(rules, large, STACK)


async def _die(rules: tuple[RuleCode, ...], limits: Limits, stack: int = 0) -> bool:
    pool = Pool(limits, workers=2, workers_per_tenant=1, queue=10)
    with _stack(stack):
        await pool.start()
    try:
        answer = await pool.run(trial.request(*rules, seconds=limits.execution_time))
    except Busy:
        return False
    finally:
        await pool.close()
    return isinstance(answer, Killed) and answer.cause == "died"


@contextmanager
def _stack(size: int) -> Iterator[None]:
    """Programs that are started inside have a stack of `size` bytes; 0: of the usual size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if size:
        resource.setrlimit(resource.RLIMIT_STACK, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
