"""Rules that do not end, end: inside the rule where that is possible, and from outside where it is not."""

# ruff: noqa: E501

from __future__ import annotations

import asyncio
import time

import pytest

from sandbox import journal
from sandbox.pool import Killed, Pool
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio

SLACK = 0.4  # of a machine that is busy with other tests
GOOD = rule("context.idToken.ok = user.email")

# name: (body, whether the rule can be interrupted from inside, line)
HANGS: dict[str, tuple[str, bool, int | None]] = {
    "loop": ("x = 0\nwhile True:\n    x += 1", True, None),
    "power": ("10 ** 10 ** 8", True, 2),
    "regex": ("import re\nre.match('(a+)+$', 'a' * 60 + 'b')", True, 3),
    "regex method": ("import re\np = re.compile('(a|aa)+$')\np.match('a' * 99 + 'b')", True, 4),
    "sum": ("sum(range(10 ** 12))", False, 2),
    "max": ("x = 1\nmax(range(10 ** 12))", False, 3),
    "membership": ("5.5 in range(10 ** 12)", False, 2),
    "endless iterator": ("any(iter(int, 1))", False, 2),
    "bare except": ("while True:\n    try:\n        while True:\n            pass\n    except:\n        pass", True, None),
    "except Exception": ("while True:\n    try:\n        while True:\n            pass\n    except Exception:\n        pass", True, None),
    "raise in finally": (
        "while True:\n    try:\n        try:\n            while True:\n                pass\n        finally:\n            raise ValueError\n"
        "    except ValueError:\n        pass", False, None),
    "equality": ("class E:\n    def __eq__(self, other):\n        while True:\n            pass\n[E()].index(1)", True, None),
    "hash": ("class H:\n    def __hash__(self):\n        while True:\n            pass\n{H(): 1}", True, None),
    "sort key": ("sorted([1, 2], key=lambda x: [0 for _ in iter(lambda: 1, 2)])", True, 2),
    "text of an exception": ("class E(Exception):\n    def __str__(self):\n        while True:\n            pass\nraise E", True, None),
    "text of a denial": (
        "class E(UnauthorizedError):\n    def __str__(self):\n        while True:\n            pass\nraise E", True, None),
    "nested generators": (
        "def g(n):\n    try:\n        yield from g(n - 1) if n else iter(int, 1)\n    except Exception:\n        pass\n"
        "for x in g(20):\n    pass", True, None),
    "finaliser of a generator": (
        "def g():\n    try:\n        yield\n    finally:\n        while True:\n            pass\nx = g()\nnext(x)\ndel x", True, None),
    "finaliser in C": (
        "def g():\n    try:\n        yield\n    finally:\n        sum(range(10 ** 12))\nx = g()\nnext(x)\ndel x", False, None),
    "key with writes": ("while True:\n    user.x = [1]\n    del user.x\n    context.pop('y', 0)\n    [0] * 10 ** 6", True, None),
}  # fmt: skip


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("name", HANGS)
async def test_a_rule_that_does_not_end(pool: Pool, name: str, skip: bool) -> None:
    body, inside, line = HANGS[name]
    codes = [await trial.compiled(pool, script, skip) for script in (rule(body), GOOD)]
    limits = pool.limits
    began = time.monotonic()
    result = await pool.run(trial.request(*codes))
    took = time.monotonic() - began
    assert took < limits.rule_time + limits.kill_grace + 0.1 + SLACK
    if isinstance(result, Killed):
        assert (result.step, result.cause) == (0, "time")
        assert line in (None, result.line)
        # What the service does next: the rule that may be skipped is left out.
        result = await pool.run(trial.request(*codes, left_out=(0,)))
        assert isinstance(result, Answer)
        assert result.returns["idToken"] == {"ok": "ada@example.com"}
        return
    assert name not in ("sum", "max", "membership", "endless iterator", "finaliser in C")
    assert trial.errors(result)[0][0] == "rule_timed_out"
    assert line in (None, trial.errors(result)[0][2])
    if skip:
        assert (result.skipped, result.returns["idToken"], result.denial) == ([0], {"ok": "ada@example.com"}, None)
    else:
        assert result.denial is not None
        assert (result.denial.kind, result.denial.text) == ("server_error", "rule_timed_out")
    assert inside or name == "raise in finally"


async def test_jobs_behind_a_hang_are_answered(pool: Pool) -> None:
    hang, good = await trial.compiled(pool, rule("sum(range(10 ** 12))")), await trial.compiled(pool, GOOD)
    results = await asyncio.gather(
        *(
            pool.run(trial.request(hang if n in (0, 3) else good, key="queued", user={"email": str(n)}))
            for n in range(8)
        )
    )
    for n, result in enumerate(results):
        if n in (0, 3):
            assert isinstance(result, Killed)
        else:
            assert isinstance(result, Answer)
            assert result.returns["idToken"] == {"ok": str(n)}


async def test_a_garbage_that_hangs_does_not_cost_the_next_login(pool: Pool) -> None:
    """The cycle is collected after the answer, where its finaliser runs for ever."""
    late = "def g():\n    try:\n        yield\n    finally:\n        {}\nx = [g()]\nnext(x[0])\nx.append(x)\ncontext.idToken.ok = 1"
    good = await trial.compiled(pool, GOOD)
    for hang in ("sum(range(10 ** 12))", "while True: pass"):
        first = await trial.claims(pool, rule(late.format(hang)), key=hang)
        began = time.monotonic()
        second = await pool.run(trial.request(good, key=hang))
        assert (first, time.monotonic() - began < 1.0) == ({"ok": 1}, True)
        assert isinstance(second, Answer)
        assert second.returns["idToken"] == {"ok": "ada@example.com"}


async def test_a_garbage_that_hangs_is_killed_though_nobody_waits() -> None:
    pool = trial.pool(workers=2)
    await pool.start()
    try:
        body = "def g():\n    try:\n        yield\n    finally:\n        sum(range(10 ** 12))\nx = [g()]\nnext(x[0])\nx.append(x)"
        await trial.claims(pool, rule(body))
        for _ in range(300):
            if pool.counts.workers_killed:
                break
            await asyncio.sleep(0.01)
        assert pool.counts.workers_killed == 1
    finally:
        await pool.close()


async def test_the_deadline_ends_a_rule_before_its_own_limit(pool: Pool) -> None:
    code = await trial.compiled(pool, rule("while True: pass"))
    began = time.monotonic()
    result = await pool.run(trial.request(code, seconds=0.1))
    assert time.monotonic() - began < 0.1 + SLACK
    assert isinstance(result, Killed)
    assert (result.step, result.cause) == (0, "deadline")


async def test_the_deadline_counts_all_rules_together(pool: Pool) -> None:
    slow = rule("import time\nfor _ in range(3_000_000):\n    pass\nuser.x = 1")
    result = await trial.run(pool, *[slow] * 20, seconds=0.5)
    assert isinstance(result, Killed)
    assert result.cause == "deadline"
    assert result.step is not None
    assert len(journal.read(result.journal)) >= 2


async def test_a_denial_before_a_hang_is_still_one(pool: Pool) -> None:
    script = "def rule(user, context, callback):\n    user.x = 'y' * 8000\n    callback(UnauthorizedError('no'))\n    sum(range(10 ** 12))\n"
    result = await trial.run(pool, script)
    assert isinstance(result, Killed)
    assert [event for event in journal.read(result.journal) if isinstance(event, journal.Deny)] == [
        journal.Deny(0, "unauthorized", "no")
    ]


async def test_a_denial_is_kept_when_the_shared_trace_is_full(pool: Pool) -> None:
    script = (
        "def rule(user, context, callback):\n    for i in range(60):\n        context['k' * 7000 + str(i)] = 1\n"
        "    callback(UnauthorizedError('\\x01' * 2000))\n    sum(range(10 ** 12))\n"
    )
    result = await trial.run(pool, script)
    assert isinstance(result, Killed)
    assert journal.read(result.journal)[-1] == journal.Deny(0, "unauthorized", "\x01" * 1000)


async def test_a_crash_of_the_interpreter_is_a_death(pool: Pool) -> None:
    """Deeply nested C iterators overflow the C stack: CPython's own weakness, which the process contains."""
    result = await trial.run(
        pool, rule("i = iter([1])\nfor _ in range(400_000):\n    i = map(str, i)\nnext(i)"), key="crash"
    )
    assert isinstance(result, Killed)
    assert (result.step, result.cause) == (0, "died")
    assert await trial.claims(pool, GOOD, key="crash") == {"ok": "ada@example.com"}


async def test_what_cannot_be_shown_whole_counts_for_the_rules_after_it(pool: Pool) -> None:
    """A write whose old value is no JSON is shown in parts, and the data grow by more than is counted: they are measured
    from then on, though the next rule writes little."""
    first = rule("context.idToken.a = '\\ud800'\ncontext.idToken.a = 'x' * 90_000")
    answer = await trial.answer(pool, first, rule("context.idToken.b = 'y' * 15_000"))
    assert trial.outcomes(answer) == ["passed", "exhausted"]
    assert trial.errors(answer)[0][0] == "claims_too_large"


async def test_each_rule_has_its_own_time(pool: Pool) -> None:
    """The kernel's timer goes on from rule to rule, and when it rings early the rule goes on."""
    script = "def rule(user, context):\n    n = 0\n    for _ in range({}):\n        n += 1\n    context.idToken.n = n\n"
    rules = [script.format(300_000)] * 20  # some 20 ms each: together longer than one may take
    answer = await trial.answer(pool, *rules, script.format(10**9))
    assert trial.outcomes(answer) == ["passed"] * 20 + ["timed_out"]
    ends = [event for event in journal.read(answer.journal) if isinstance(event, journal.End)]
    assert sum(end.microseconds for end in ends[:20]) > 250_000
    assert 200_000 < ends[20].microseconds < 400_000
