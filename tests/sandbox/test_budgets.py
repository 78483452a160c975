"""Every limit, met by a rule that means to, and not met by one that stays just below it."""

# ruff: noqa: E501

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from sandbox import journal
from sandbox.limits import DEFAULT, Limits, table
from sandbox.pool import Killed, Pool
from sandbox.wire import Answer
from tests.sandbox import trial
from tests.sandbox.trial import rule

pytestmark = pytest.mark.anyio


class Case(NamedTuple):
    """Bodies of rules, which begin on line 2; `line` is where `over` meets the limit."""

    over: str
    line: int
    below: str
    code: str | None = None  # where it is not the row's


NEST = "d = {{}}\nfor _ in range({}):\n    d = {{'a': d}}\nuser.x = d"
FILL = "x = []\nwhile True:\n    x.append('a' * 20_000_000)"
PLACES = "l = []\nfor i in range({}):\n    user['k' + str(i)] = l"
TRACE = "for i in range({}):\n    user.x = str(i) + 'a' * 8000"
UPDATE = "auth0.users.updateUserMetadata(user.user_id, {{'x': 'a' * {}}})"

FAILS = {
    "rule_time": Case("while True:\n    pass", 0, "for _ in range(100_000):\n    pass"),
    "worker_memory": Case(FILL, 4, "x = 'a' * 100_000_000"),
    "recursion": Case("def f(n):\n    return f(n + 1)\nf(0)", 3, "def f(n):\n    return n and f(n - 1)\nf(300)"),
    "claims": Case("a = 1\ncontext.idToken.x = 'a' * 103_000", 3, "context.idToken.x = 'a' * 102_000"),
    "data": Case("a = 1\nuser.x = 'a' * 4_200_000", 3, "user.x = 'a' * 4_190_000"),
    "updates": Case(UPDATE.format(262_200), 2, UPDATE.format(262_000)),
    "nesting": Case(NEST.format(130), 5, NEST.format(120)),
    "nodes": Case("user.x = [[] for _ in range(100_000)]", 2, "user.x = [[] for _ in range(99_990)]\nuser.x = 1"),
    "places": Case(PLACES.format(501), 4, PLACES.format(499)),
    "writes": Case("for i in range(2_001):\n    user.x = i", 3, "for i in range(2_000):\n    user.x = i"),
    "journal": Case(TRACE.format(140), 3, TRACE.format(120)),
}
# The tests of what does not end a rule from inside, or ends none.
ELSEWHERE = {
    "test_limits.py": {
        "kill_grace": "test_a_rule_that_does_not_end",
        "execution_time": "test_the_deadline_counts_all_rules_together",
        "idle_time": "test_a_garbage_that_hangs_does_not_cost_the_next_login",
    },
    "test_pool.py": {
        "recycle_executions": "test_a_worker_is_recycled_after_its_executions",
        "recycle_growth": "test_a_worker_that_has_grown_is_replaced",
    },
    "test_wire.py": {"answer": "oversize by one"},
    "test_tracing.py": {
        "tracing_time": "test_a_rule_that_is_slow_to_watch_has_its_own_time_still",
        "timeline_lines": "test_it_is_bounded",
        "timeline": "test_it_is_bounded",
    },
    "test_confinement.py": {"worker_cpu": "Max cpu time"},
    "test_refused.py": {"source": "the limit is 65536", "compile_memory": "too_complex"},
    "test_budgets.py": {
        "collect_growth": "test_what_a_skipped_rule_used_is_free_for_the_next",
        "depth": "test_a_value_that_is_too_deep_is_taken_out",
        "write_value": "test_a_long_value_is_measured",
        "log_lines_per_rule": "test_floods",
        "log_bytes_per_rule": "test_floods",
        "log_line": "test_a_long_line_is_cut",
        "skipped_events": "test_what_is_kept_of_a_skipped_rule",
        "skipped_bytes": "test_what_is_kept_of_a_skipped_rule",
        "error": "test_many_errors_are_shown_in_full_until_there_is_no_room",
        "extra": "test_many_errors_are_shown_in_full_until_there_is_no_room",
        "text": "test_the_text_of_an_exception_is_cut",
        "code": "test_a_compiled_rule_that_is_too_large",
        "compile_time": "test_a_rule_that_takes_too_long_to_compile",
    },
    "test_calls.py": {"calls": "test_calls_are_limited", "call_request": "test_calls_are_limited"},
    "../engine/test_outbound.py": {"call_answer": "test_a_gzip_bomb_takes_no_more_memory_than_an_answer_may_have"},
    "../api/test_calls.py": {"calls_kept": "test_a_record_has_room_for_so_much"},
    "../api/test_configuration.py": {
        "configuration_values": "test_there_are_so_many_values",
        "configuration_value": "test_values_that_cannot_be_set",
        "configuration": "test_values_that_cannot_be_set",
    },
}


@pytest.fixture(scope="module")
async def patient(anyio_backend: str) -> AsyncIterator[Pool]:
    """A pool whose rules have time, also to end by themselves, on a machine that is busy with other tests."""
    pool = trial.pool(Limits(rule_time=1.5, execution_time=20.0, kill_grace=0.5))
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture(scope="module")
async def sure(anyio_backend: str) -> AsyncIterator[Pool]:
    """A pool that kills no rule that could end by itself."""
    pool = trial.pool(Limits(kill_grace=0.5))
    await pool.start()
    yield pool
    await pool.close()


def test_every_limit_has_a_test() -> None:
    found = set(FAILS)
    for name, marks in ELSEWHERE.items():
        text = (Path(__file__).parent / name).read_text()
        assert [mark for mark in marks.values() if mark not in text] == [], name
        found |= set(marks)
    assert found == set(table())


def test_every_row_is_filled() -> None:
    for name, row in table().items():
        assert row.unit, name
        assert row.enforced, name
        assert row.outcome in (None, "timed_out", "exhausted"), name
        assert getattr(DEFAULT, name) > 0, name
        if name in FAILS:
            assert row.outcome is not None, name
            assert row.code is not None, name


def ended(result: Answer | Killed) -> list[journal.End]:
    return [event for event in journal.read(result.journal) if isinstance(event, journal.End)]


@pytest.mark.parametrize("name", FAILS)
async def test_met_by_a_rule_that_denies(patient: Pool, name: str) -> None:
    case, row = FAILS[name], table()[name]
    result = await trial.answer(patient, rule(case.over), rule("context.idToken.never = 1"), seconds=30.0)
    (end,) = ended(result)
    assert end.error is not None
    assert (end.outcome, end.error.code) == (row.outcome, row.code)
    assert end.error.line == (case.line or end.error.line)
    assert end.error.frames[-1].line == end.error.line
    assert (result.denial.kind, result.denial.text) == ("server_error", row.code) if result.denial else False
    assert result.returns == {}
    assert result.tired


@pytest.mark.parametrize("name", FAILS)
async def test_met_by_a_rule_that_is_skipped(patient: Pool, name: str) -> None:
    """What it wrote is undone, and the next rule has the whole budget."""
    case, row = FAILS[name], table()[name]
    first = await trial.compiled(patient, rule("user.before = 1\n" + case.over), skip=True)
    second = await trial.compiled(patient, rule(case.below))
    third = await trial.compiled(patient, rule("assert 'before' not in user"))
    rules = (first, second, third)
    result = await patient.run(trial.request(*rules, seconds=30.0))
    assert isinstance(result, Answer), result
    ends = ended(result)
    assert ends[0].error is not None
    assert (ends[0].outcome, ends[0].error.code, ends[0].error.line) == (
        row.outcome,
        row.code,
        case.line + 1 if case.line else ends[0].error.line,
    )
    assert [end.outcome for end in ends[1:]] == ["passed", "passed"], ends
    assert (result.skipped, result.denial) == ([0], None)


@pytest.mark.parametrize("name", FAILS)
async def test_not_met_just_below(patient: Pool, name: str) -> None:
    result = await trial.answer(patient, rule(FAILS[name].below), seconds=30.0)
    assert trial.outcomes(result) == ["passed"], trial.errors(result)


# A rule cannot swallow a limit.

SPENDS = {
    "too_many_writes": "for i in range(3_000):\n        user.x = i",
    "updates_too_large": "auth0.users.updateUserMetadata(user.user_id, {'x': 'a' * 300_000})",
    "too_large": "user.x = [[]] * 600",
    "rule_timed_out": "while True:\n        pass",
}
SWALLOWS = {
    "except Exception": "try:\n    spend()\nexcept Exception:\n    pass",
    "bare except": "try:\n    spend()\nexcept:\n    pass",
    "finally": "try:\n    spend()\nfinally:\n    a = 1",
    "another exception in finally": (
        "try:\n    try:\n        spend()\n    finally:\n        raise ValueError\nexcept ValueError:\n    pass"
    ),
    "finaliser": "def g():\n    try:\n        yield\n    finally:\n        spend()\nx = g()\nnext(x)\ndel x",
    "finaliser, then an exception": (
        "def g():\n    try:\n        yield\n    finally:\n        spend()\nx = g()\nnext(x)\ndel x\nraise ValueError"
    ),
    "sort key": "sorted([1, 2], key=lambda x: spend())",
    "own sort key": "[2, 1].sort(key=lambda x: spend())",
    "__str__": "class S:\n    def __str__(self):\n        spend()\nprint(S())",
    "__str__ of an exception": "class S(Exception):\n    def __str__(self):\n        spend()\nraise S",
    "__hash__": "class H:\n    def __hash__(self):\n        spend()\n{H(): 1}",
    "__eq__ in a dict": (
        "class E:\n    def __hash__(self):\n        return 1\n    def __eq__(self, other):\n        spend()\n"
        "d = {E(): 1}\nd.get(E())"
    ),
    "__eq__ in a list": "class E:\n    def __eq__(self, other):\n        spend()\n[1].count(E())\nE() in [1]",
    "__lt__": "class L:\n    def __lt__(self, other):\n        spend()\nsorted([L(), L()])\nmax(L(), L())",
    "__iter__": "class I:\n    def __iter__(self):\n        spend()\nlist(I())",
    "__len__": "class N:\n    def __len__(self):\n        spend()\nlen(N())\nbool(N())",
    "property": "class P:\n    @property\n    def p(self):\n        spend()\nhasattr(P(), 'p')\ngetattr(P(), 'p', 1)",
    "re.sub": "import re\nre.sub('a', lambda m: spend() or 'b', 'aa')",
    "json default": "import json\nclass J:\n    pass\ntry:\n    json.dumps(J(), default=lambda x: spend() or 1)\nexcept ValueError:\n    pass",
    "map": "list(map(lambda x: spend(), [1]))",
    "generator": "def g():\n    try:\n        yield spend()\n    except Exception:\n        yield 1\nlist(g())",
    "iter with a sentinel": "list(iter(lambda: spend(), None))",
    "reduce": "import functools\nfunctools.reduce(lambda a, b: spend(), [1, 2, 3])",
}  # fmt: skip


@pytest.mark.parametrize("code", SPENDS)
@pytest.mark.parametrize("name", SWALLOWS)
async def test_a_rule_cannot_swallow_a_limit(sure: Pool, name: str, code: str) -> None:
    script = rule(f"def spend():\n    {SPENDS[code]}\nwhile True:\n    " + SWALLOWS[name].replace("\n", "\n    "))
    good = await trial.compiled(sure, rule("context.idToken.ok = 1"))
    result = await sure.run(trial.request(await trial.compiled(sure, script, skip=True), good))
    if isinstance(result, Killed):
        # A loop that swallows without end whatever is raised in it.
        assert (result.cause, name) in (("time", "another exception in finally"), ("time", "finaliser"))
        return
    end = ended(result)[0]
    assert end.error is not None
    # What goes on after a limit that was swallowed meets the next one: time.
    assert end.error.code in (code, "rule_timed_out"), end.error
    assert (result.skipped, result.returns["idToken"]) == ([0], {"ok": 1})


@pytest.mark.parametrize("code", [code for code in SPENDS if code != "rule_timed_out"])
@pytest.mark.parametrize("name", SWALLOWS)
async def test_once_is_enough(patient: Pool, name: str, code: str) -> None:
    result = await trial.answer(patient, rule(f"def spend():\n    {SPENDS[code]}\n{SWALLOWS[name]}"), skip=True)
    (end,) = ended(result)
    assert end.error is not None
    assert (end.outcome, end.error.code) == ("exhausted", code)
    assert end.error.line is not None
    assert 3 <= end.error.line <= 4


# The language's own two, which may be caught.


async def test_recursion_that_is_caught_is_an_exception_like_any_other(patient: Pool) -> None:
    body = "def f():\n    f()\ntry:\n    f()\nexcept RecursionError:\n    context.idToken.ok = 1"
    result = await trial.answer(patient, rule(body))
    assert (trial.outcomes(result), result.returns["idToken"], result.tired) == (["passed"], {"ok": 1}, False)


async def test_memory_that_was_not_taken_costs_nothing(patient: Pool) -> None:
    body = "try:\n    x = 'a' * 10 ** 10\nexcept MemoryError:\n    context.idToken.ok = 1"
    result = await trial.answer(patient, rule(body), key="not taken")
    assert (trial.outcomes(result), result.returns["idToken"], result.tired) == (["passed"], {"ok": 1}, False)


async def test_memory_that_was_taken_costs_the_worker(patient: Pool) -> None:
    body = (
        f"try:\n    {FILL.replace(chr(10), chr(10) + '    ')}\nexcept MemoryError:\n    x = 1\ncontext.idToken.ok = x"
    )
    result = await trial.answer(patient, rule(body), key="taken")
    assert (trial.outcomes(result), result.returns["idToken"], result.tired) == (["passed"], {"ok": 1}, True)


@pytest.mark.parametrize("start", range(4))
async def test_a_change_that_could_not_be_recorded_fails_the_rule(patient: Pool, start: int) -> None:
    """Made at every depth up to the last one, so that the record of one of them finds no room."""
    body = (
        "def f(n):\n    try:\n        f(n + 1)\n    except RecursionError:\n        pass\n"
        f"    if n > 300:\n        try:\n            user['k' + str(n)] = {'[' * start}1{']' * start}\n"
        "        except RecursionError:\n            pass\nf(0)\nprint(len(user))"
    )
    result = await trial.answer(patient, rule(body))
    if trial.outcomes(result) == ["passed"]:
        # Whatever is there is in the trace.
        assert len(trial.writes(result)) == int(trial.logs(result)[0]) - len(trial.USER)
    else:
        assert trial.errors(result)[0][0] == "trace_incomplete"


async def test_what_one_login_used_is_free_for_the_next(patient: Pool) -> None:
    code = await trial.compiled(
        patient, rule("x = ['a' * 1_000_000 for _ in range(50)]\nx.append(x)\ncontext.idToken.ok = 1")
    )
    for _ in range(12):
        result = await patient.run(trial.request(code, key="thirst"))
        assert isinstance(result, Answer)
        assert result.returns["idToken"] == {"ok": 1}


async def test_what_a_skipped_rule_used_is_free_for_the_next(patient: Pool) -> None:
    """All of it, though it hangs in a cycle of the script's own names."""
    hungry = rule("global kept\nkept = []\nkept.append(kept)\n" + FILL.replace("x.append", "kept.append"))
    rules = [await trial.compiled(patient, hungry, skip=True)] * 3
    rules.append(await trial.compiled(patient, rule("x = 'a' * 120_000_000\ncontext.idToken.ok = 1")))
    result = await patient.run(trial.request(*rules, key="hungry", seconds=20.0))
    assert isinstance(result, Answer)
    assert trial.outcomes(result) == ["exhausted"] * 3 + ["passed"]
    assert [code for code, _, _ in trial.errors(result)] == ["rule_memory"] * 3
    assert (result.returns["idToken"], result.tired) == ({"ok": 1}, True)


async def test_memory_that_is_gone_in_small_pieces(patient: Pool) -> None:
    """What is kept back is enough to say so, though not one more object could be made."""
    body = "x = None\nwhile True:\n    x = [x, [], {}, 'a' * 5000]"
    result = await trial.run(patient, rule(body), skip=True, key="pieces", seconds=20.0)
    if isinstance(result, Answer):
        assert trial.errors(result)[0][0] in ("rule_memory", "rule_timed_out")
        assert trial.errors(result)[0][2] == 4
    else:
        assert (result.step, result.cause) == (0, "time")


# What ends no rule


@pytest.mark.parametrize(
    ("body", "kept", "last"),
    [
        ("for i in range(1_000):\n    print(i)", 100, "more than 100 lines: the rest is dropped"),
        ("for i in range(100):\n    print(i)", 100, "99"),
        ("for i in range(90):\n    print('a' * 1_000)", 64, "more than 65536 bytes of lines: the rest is dropped"),
        ("for i in range(60):\n    print('a' * 1_000)", 60, "a" * 1_000),
        ("for i in range(50):\n    print('é' * 1_500)", 21, "more than 65536 bytes of lines: the rest is dropped"),
    ],
)
async def test_floods(patient: Pool, body: str, kept: int, last: str) -> None:
    result = await trial.answer(patient, rule(body), rule("print('next')"))
    lines = trial.logs(result)
    dropped = last.endswith("dropped")
    assert trial.outcomes(result) == ["passed", "passed"]
    assert lines[-1] == "next"
    assert (len(lines) - 1, lines[-2]) == (kept + dropped, last)
    assert sum(map(len, lines)) < 70_000


async def test_a_long_line_is_cut(patient: Pool) -> None:
    result = await trial.answer(patient, rule("print('a' * 2_000)\nprint('b' * 2_001)"))
    assert trial.logs(result) == ["a" * 2_000, "b" * 2_000 + "... (2001 characters)"]


async def test_a_long_value_is_measured(patient: Pool) -> None:
    result = await trial.answer(patient, rule("user.x = 'a' * 8_190\nuser.y = 'a' * 8_191"))
    assert [new for _, _, _, new, _ in trial.writes(result)] == ["a" * 8_190, {"$truncated": 8_193}]


async def test_a_value_that_is_too_deep_is_taken_out(patient: Pool) -> None:
    result = await trial.answer(patient, rule(NEST.format(31)), rule(NEST.format(32).replace("user.x", "user.y")))
    assert trial.outcomes(result) == ["passed", "passed"]
    assert trial.refusals(result) == [("/user/y", "it is nested too deeply, or holds itself")]


@pytest.mark.parametrize(
    ("loop", "line", "kept"),
    [("range(500)", "print(i)\n    user.x = i", 100), ("range(90)", "user.x = 'a' * 8_000 + str(i)", 2)],
)
async def test_what_is_kept_of_a_skipped_rule(patient: Pool, loop: str, line: str, kept: int) -> None:
    result = await trial.answer(patient, rule(f"for i in {loop}:\n    {line}\n1 / 0"), skip=True)
    events = [event for event in journal.read(result.journal) if not isinstance(event, journal.End)]
    note = events.pop()
    assert len(events) == kept
    assert isinstance(note, journal.Log)
    assert note.text.endswith("more writes and lines of this rule are not kept: it was skipped")


async def test_many_errors_are_shown_in_full_until_there_is_no_room(patient: Pool) -> None:
    values = ", ".join(f"v{n}" for n in range(10))
    body = "".join(f"v{n} = 'a' * 500\n" for n in range(10))
    body += f"def f(n):\n    {' = '.join(f'v{n}' for n in range(10))} = 'a' * 500\n    return f(n + 1), {values}\nf(0)"
    code = await trial.compiled(patient, rule(body), skip=True)
    result = await patient.run(trial.request(*[code] * 60, seconds=20.0))
    assert isinstance(result, Answer)
    ends = ended(result)
    assert len(ends) == 60
    shown = [bool(end.error and end.error.frames[-1].values) for end in ends]
    assert shown == sorted(shown, reverse=True)
    assert shown[0]
    assert not shown[-1]
    assert all(end.error and (end.error.line, len(end.error.frames)) == (14, 20) for end in ends)
    assert len(result.journal) < DEFAULT.extra + 60 * 4_000


async def test_the_text_of_an_exception_is_cut(patient: Pool) -> None:
    result = await trial.answer(patient, rule("raise ValueError('a' * 5_000)"))
    assert trial.errors(result) == [("rule_raised", "ValueError: " + "a" * 1_000, 2)]


async def test_a_compiled_rule_that_is_too_large(anyio_backend: str) -> None:
    pool = trial.pool(Limits(code=2_000))
    await pool.start()
    try:
        await trial.compiled(pool, rule("user.x = 1"))
        result = await pool.compile(rule("user.x = 1\n" * 200))
        assert [problem.code for problem in result.problems] == ["compile_crashed"]
    finally:
        await pool.close()


async def test_a_rule_that_takes_too_long_to_compile(anyio_backend: str) -> None:
    pool = trial.pool(Limits(compile_time=0.001))
    await pool.start()
    try:
        result = await pool.compile(rule("user.x = 1\n" * 2_000))
        assert [problem.code for problem in result.problems] == ["compile_timeout"]
    finally:
        await pool.close()
