"""Many executions summed up: bounded in every direction, and right at the edges."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from engine.execution import Execution
from engine.models import Decision, RanRule, Recording, Transaction
from engine.record import Record, moment, record
from engine.trace import Trace
from engine.traffic import LONGEST_NAME, MOST_BUCKETS, MOST_CLIENTS, MOST_RULES, Tally, percentile
from sandbox.journal import End

NOON = 1_767_268_800_000_000_000
SECOND = 10**9


def execution(
    at: int = NOON, *, client: object = "web", decision: Decision = "allow", rules: int = 1, first: int = 0
) -> Record:
    ends = [End(step=step, outcome="passed", microseconds=1000 + step, error=None) for step in range(rules)]
    ran = (RanRule(f"id{first + number}", f"r{first + number}", 1, "deny") for number in range(rules))
    return record(
        Execution(
            id="e",
            tenant="default",
            revision=1,
            decision=decision,
            updates={},
            transaction=Transaction(
                tenant="default", user=b"null", context=msgspec.json.encode({"clientID": client, "idToken": None})
            ),
            trace=Trace(rules=tuple(ran), journal=msgspec.Raw(msgspec.json.encode(ends))),
            clock=at,
            seconds=0.002,
        )
    )


def test_percentiles_are_of_the_nearest_rank() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert [percentile(hundred, part) for part in (50, 95, 99)] == [50, 95, 99]
    assert [percentile([1.0, 2.0], part) for part in (50, 95)] == [1, 2]
    assert percentile([7.0], 50) == 7
    assert percentile([], 50) is None


def test_nothing_at_all() -> None:
    found = Tally(Recording()).traffic(moment(NOON), moment(NOON + 3600 * SECOND), more=False)
    assert (found.executions, found.p50, found.first_at, found.rules, found.clients) == (0, None, None, [], [])
    assert [bucket.count for bucket in found.series] == [0] * MOST_BUCKETS


def test_rules_and_clients_are_bounded_and_the_others_counted() -> None:
    tally = Tally(Recording())
    for number in range(MOST_CLIENTS + 5):
        tally.add(execution(client=f"c{number}", rules=20, first=number * 20))
    tally.add(execution(client="c54", rules=1))
    found = tally.traffic(moment(NOON - SECOND), moment(NOON), more=False)
    assert (len(found.rules), found.other_rules) == (MOST_RULES, 55 * 20 + 1 - MOST_RULES - 1)
    assert (found.rules[0].runs, found.rules[0].p95_ms) == (2, 1)
    assert (len(found.clients), found.other_clients) == (MOST_CLIENTS, 5)
    assert (found.clients[0].client, found.clients[0].executions) == ("c54", 2)


@pytest.mark.parametrize(("client", "shown"), [("x" * 300, "x" * LONGEST_NAME + "..."), (7, None), (["a"], None)])
def test_clients_that_are_long_or_none(client: object, shown: str | None) -> None:
    tally = Tally(Recording())
    tally.add(execution(client=client))
    assert tally.traffic(moment(NOON - SECOND), moment(NOON), more=False).clients[0].client == shown


def test_a_rule_has_its_newest_name() -> None:
    tally = Tally(Recording())
    tally.add(execution())
    older = execution(NOON - SECOND)
    named = msgspec.structs.replace(older.trace, rules=(RanRule("id0", "before", 1, "deny"),))
    tally.add(msgspec.structs.replace(older, trace=named))
    (rule,) = tally.traffic(moment(NOON - SECOND), moment(NOON), more=False).rules
    assert (rule.name, rule.runs, rule.last_at) == ("r0", 2, moment(NOON))


def test_the_edges_of_the_series() -> None:
    """The first moment is in the first part, and the last, or one after it by another clock, in the last."""
    tally = Tally(Recording())
    for at in (NOON + 2 * SECOND, NOON, NOON - SECOND, NOON - 24 * SECOND, NOON - 48 * SECOND):
        tally.add(execution(at, decision="deny"))
    found = tally.traffic(moment(NOON - 48 * SECOND), moment(NOON), more=False)
    counts = {place: bucket.count for place, bucket in enumerate(found.series) if bucket.count}
    assert (len(found.series), counts) == (48, {0: 1, 24: 1, 47: 3})
    assert found.series[24].at == moment(NOON - 24 * SECOND)
    assert found.series[47].denied == 3


@pytest.mark.parametrize(("seconds", "parts"), [(0, 1), (0.5, 1), (7, 7), (48, 48), (604_800, 48)])
def test_a_short_time_has_fewer_parts(seconds: float, parts: int) -> None:
    tally = Tally(Recording())
    tally.add(execution())
    until = moment(NOON)
    found = tally.traffic(until - timedelta(seconds=seconds), until, more=False)
    assert len(found.series) == parts
    assert [bucket.count for bucket in found.series] == [0] * (parts - 1) + [1]
    assert tally.traffic(until - timedelta(seconds=seconds), until, more=True).since == until
