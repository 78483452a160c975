"""Which rules take the time: a view that stays small, whatever rules there are, and counters that only grow."""

from __future__ import annotations

import bisect
import random
from collections import Counter

from engine.models import PipelineRule, Step, StepError
from engine.rule_times import BATCH, MICROSECONDS, MOST, MOST_NAMED, NAMED_FOR, REST, Key, Row, RuleTimes


def rule(name: str) -> PipelineRule:
    return PipelineRule(id=f"id-{name}", name=name, version=1, sha256="", order=1, enabled=True, on_failure="skip")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def run(times: RuleTimes, tenant: str, name: str, microseconds: int, runs: int = 1, failures: int = 0) -> None:
    rows = times.rows(tenant, [rule(name)])
    for _ in range(runs):
        times.add(rows, [microseconds], 10.0)
    error = StepError(code="rule_raised", message="")
    failed = Step(rule=name, rule_id=f"id-{name}", version=1, outcome="raised", ms=0.0, error=error)
    for _ in range(failures):
        times.failed(rows, [rule(name)], [failed])


def test_it_adds_up_what_a_plain_loop_does() -> None:
    chance = random.Random(1)
    times = RuleTimes(Clock())
    rules = [rule(name) for name in ("a", "b", "c")]
    rows = times.rows("t", rules)
    buckets: Counter[int] = Counter()
    runs, spent = [0, 0, 0], [0, 0, 0]
    for _ in range(2 * BATCH + 7):
        login = [chance.choice((0, 1, 499, 500, 501, 3_000_000)) for _ in range(chance.randint(1, 3))]
        times.add(rows, login, 100.0)
        for place, microseconds in enumerate(login):
            if microseconds:
                buckets[bisect.bisect_left(MICROSECONDS, microseconds)] += 1
                runs[place] += 1
                spent[place] += microseconds
    found = times.totals()
    assert [found["t", name].runs for name in "abc"] == runs
    assert [found["t", name].microseconds for name in "abc"] == spent
    assert times.durations.counts == [buckets[place] for place in range(len(MICROSECONDS) + 1)]
    assert round(times.durations.total * 1e6) == sum(spent)
    assert found[REST].runs == 0


def test_a_worker_that_lies_has_taken_no_longer_than_its_login() -> None:
    times = RuleTimes(Clock())
    rows = times.rows("t", [rule("a"), rule("b")])
    times.add(rows, [10**15, 5], 0.25)
    times.add(rows, [1] * 100_000, 0.25)
    found = times.totals()
    assert (found["t", "a"].microseconds, found["t", "b"].microseconds) == (250_001, 6)
    assert sum(times.durations.counts) == 4


def test_few_have_a_name_and_none_gets_one_before_its_time() -> None:
    clock = Clock()
    times = RuleTimes(clock)
    for number in range(MOST_NAMED):
        run(times, "early", f"r{number}", 10)
    first = times.totals()
    for number in range(1000):
        run(times, f"tenant{number}", "other", 1000, failures=number == 7)
    clock.now += NAMED_FOR - 1
    assert times.totals().keys() == first.keys()
    assert times.totals()[REST].runs == 1000
    assert times.totals()[REST].failures == 1
    clock.now += 1
    later = times.totals()
    assert len(later) == MOST_NAMED + 1
    assert ("tenant7", "other") in later, "the one that fails goes first"
    assert not [key for key in later if key[0] == "early"], "what takes less time makes room"


def test_who_has_nothing_better_to_name_keeps_the_names() -> None:
    clock = Clock()
    times = RuleTimes(clock)
    run(times, "t", "once", 10)
    before = times.totals()["t", "once"].runs
    clock.now += 2 * NAMED_FOR
    assert times.totals()["t", "once"].runs == before == 1
    clock.now += NAMED_FOR
    assert times.totals()["t", "once"].runs == 1


def test_no_counter_ever_falls_while_it_has_its_name() -> None:
    chance = random.Random(2)
    clock = Clock()
    times = RuleTimes(clock)
    before: dict[Key, tuple[int, int, int]] = {}
    changes = 0
    for _ in range(300):
        for _ in range(40):
            name = f"r{int(chance.gammavariate(2, 40))}"
            run(times, "t", name, chance.randint(1, 1000), failures=chance.random() < 0.1)
        clock.now += 60
        after = {key: (total.runs, total.microseconds, total.failures) for key, total in times.totals().items()}
        assert len(after) <= MOST_NAMED + 1
        changes += len(after.keys() - before.keys())
        for key in after.keys() & before.keys():
            assert all(new >= old for new, old in zip(after[key], before[key], strict=True))
        before = after
    assert changes > MOST_NAMED


def test_more_rules_than_are_told_apart_do_not_grow_it() -> None:
    times = RuleTimes(Clock())
    for number in range(MOST + 10):
        run(times, "t", f"r{number}", 5)
        if number % 1000 == 0:
            times.totals()
    found = times.totals()
    assert sum(total.runs for total in found.values()) >= MOST
    rows = times._rows
    assert len(rows) == MOST
    assert all(isinstance(row, Row) for row in rows.values())
