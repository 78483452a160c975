"""From what a worker wrote to the steps of an execution, and to who set what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from engine import trace
from engine.models import Frame, OnFailure, RanRule, StepError
from engine.trace import Blame, Kill, Trace
from sandbox import journal
from sandbox.journal import Event
from sandbox.pool import Killed


def rules(*on_failure: OnFailure) -> list[RanRule]:
    return [RanRule(f"rul_{number}", f"rule{number}", number, each) for number, each in enumerate(on_failure)]


def blame_of(rules: list[RanRule], events: Sequence[Event]) -> Blame:
    return Blame(Trace(rules=tuple(rules), journal=msgspec.Raw(msgspec.json.encode(events))))


def write(path: str, step: int, line: int = 1, new: Any = 1) -> journal.Write:
    return journal.Write(step=step, op="add", path=path, old=None, new=new, line=line)


def end(step: int, outcome: journal.StepOutcome = "passed", error: journal.Error | None = None) -> journal.End:
    return journal.End(step=step, outcome=outcome, microseconds=1500, error=error)


def kill(*events: Event, outcome: Any = "timed_out") -> Kill:
    error = StepError(code="rule_timed_out", message="too long", line=3, frames=(Frame(line=3, function=""),))
    return Kill(outcome=outcome, error=error, seconds=0.3, events=list(events))


@pytest.mark.parametrize("microseconds", [-1, 10**12 + 1, 10**400])
def test_a_journal_with_a_time_that_cannot_be_is_none(microseconds: int) -> None:
    assert trace.events_of(f'[["end",0,"passed",{microseconds},null]]'.encode()) == []
    assert trace.events_of(b'[["end",0,"passed",1500,null]]') == [end(0)]


# Blame


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/context/idToken/a", ("rule1", 20)),  # the last write of it
        ("/context/idToken/b", ("rule0", 11)),
        ("/context/idToken/b/c", ("rule0", 11)),  # set with what is above it
        ("/context/idToken/d", ("rule1", 21)),  # only something below it was written
        ("/context/idToken", ("rule1", 21)),
        ("/context/idToken/ab", (None, None)),  # a longer name is another name
        ("/context/idToken/e", (None, None)),
        ("/context/accessToken/a", (None, None)),
    ],
)
def test_blame(path: str, found: tuple[str | None, int | None]) -> None:
    events: list[Event] = [
        write("/context/idToken/a", 0, 10),
        write("/context/idToken/b", 0, 11),
        end(0),
        write("/context/idToken/a", 1, 20),
        write("/context/idToken/d/e", 1, 21),
        end(1),
    ]
    assert blame_of(rules("deny", "deny"), events).of(path) == found


def test_the_whole_token_replaced_after_a_claim() -> None:
    events = [write("/context/idToken/a", 0, 10), write("/context/idToken", 1, 30)]
    blame = blame_of(rules("deny", "deny"), events)
    assert blame.of("/context/idToken/b") == ("rule1", 30)


def test_blame_for_a_refused_value() -> None:
    event = journal.Refuse(step=1, path="/context/idToken/a", reason="a set", line=8)
    assert blame_of(rules("deny", "deny"), [write("/context/idToken/a", 0), event]).of("/context/idToken/a") == (
        "rule1",
        8,
    )


@pytest.mark.parametrize("step", [-1, 2, 2**40])
def test_nobody_is_blamed_for_a_rule_that_there_is_not(step: int) -> None:
    assert blame_of(rules("deny", "deny"), [write("/context/idToken/a", step)]).of("/context/idToken/a") == (None, None)


# Steps


FRAMES = [
    journal.Frame(line=9, function="rule"),
    journal.Frame(line=4, function="helper", source="a[k]", values={"k": "'a'"}, column=5, end_column=9),
]


def test_steps_as_they_ran() -> None:
    error = journal.Error(code="rule_raised", message="KeyError: 'a'", line=4, frames=FRAMES)
    events: list[Event] = [
        write("/user/a", 0, 2, new={"b": [1]}),
        journal.Log(step=0, level="info", text="hello", line=3),
        end(0),
        journal.Deny(step=1, kind="server_error", text="x"),
        end(1, "raised", error),
    ]
    first, second = trace.steps(rules("deny", "deny", "deny"), events, {}, [])
    assert (first.rule, first.rule_id, first.version, first.outcome, first.ms) == ("rule0", "rul_0", 0, "passed", 1.5)
    assert [(w.path, w.op, w.old, w.new, w.line, w.rolled_back) for w in first.writes] == [
        ("/user/a", "add", None, {"b": [1]}, 2, False)
    ]
    assert [(log.level, log.text, log.line) for log in first.logs] == [("info", "hello", 3)]
    assert first.error is None
    assert second.outcome == "raised"
    assert second.error == StepError(
        code="rule_raised",
        message="KeyError: 'a'",
        line=4,
        frames=(
            Frame(line=9, function="rule"),
            Frame(line=4, function="helper", source="a[k]", values={"k": "'a'"}, column=5, end_column=9),
        ),
    )


def test_what_was_skipped_is_rolled_back() -> None:
    events: list[Event] = [write("/user/a", 0), end(0, "raised"), write("/user/b", 1), end(1)]
    first, second = trace.steps(rules("skip", "deny"), events, {}, [0])
    assert [w.rolled_back for w in first.writes] == [True]
    assert [w.rolled_back for w in second.writes] == [False]


@pytest.mark.parametrize(("on_failure", "rolled_back"), [("skip", True), ("deny", False)])
def test_a_rule_that_was_killed_shows_what_was_seen_of_it(on_failure: OnFailure, rolled_back: bool) -> None:
    seen = kill(write("/user/first", 0), write("/user/b", 1, 5), journal.Log(step=1, level="info", text="here", line=6))
    events: list[Event] = [write("/user/a", 0), end(0), write("/user/never", 1), end(2)]
    first, second, third = trace.steps(rules("deny", on_failure, "deny"), events, {1: seen}, [])
    assert [w.path for w in first.writes] == ["/user/a"]
    assert (second.outcome, second.ms, second.error) == ("timed_out", 300.0, seen.error)
    assert [(w.path, w.line, w.rolled_back) for w in second.writes] == [("/user/b", 5, rolled_back)]
    assert [log.text for log in second.logs] == ["here"]
    assert third.outcome == "passed"


def test_a_rule_without_an_end_did_not_run() -> None:
    assert trace.steps(rules("deny"), [write("/user/a", 0)], {}, []) == ()
    assert trace.steps(rules("deny"), [], {}, []) == ()


def test_ends_of_rules_that_there_are_not() -> None:
    assert trace.steps(rules("deny"), [end(-1), end(1), end(99)], {}, [5, -1]) == ()


# Kills


@pytest.mark.parametrize(
    ("cause", "outcome", "code"),
    [
        ("time", "timed_out", "rule_timed_out"),
        ("deadline", "timed_out", "execution_timed_out"),
        ("died", "exhausted", "worker_died"),
        ("anything", "exhausted", "worker_died"),
    ],
)
@pytest.mark.parametrize("line", [None, 7])
def test_causes(cause: str, outcome: str, code: str, line: int | None) -> None:
    text = b'[["write",1,"add","/user/a",null,1,7]]'
    found = trace.killed(Killed(step=1, cause=cause, line=line, seconds=0.3, journal=text), 250.0)
    assert (found.outcome, found.error.code, found.error.line) == (outcome, code, line)
    assert found.error.frames == ((Frame(line=7, function=""),) if line else ())
    assert found.events == [write("/user/a", 1, 7)]
    assert found.seconds == 0.3


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[",
        b"{}",
        b"null",
        b"[null]",
        b'[["write"]]',
        b'[["write",0,"add","/a",null,1,"line"]]',
        b'[["write",0,"burn","/a",null,1,1]]',
        b'[["shout",0,"info","a",1]]',
        b'[["end",0,"allowed",1,null]]',
        b'[["log",0,"info","\xff",1]]',
        b'[["log",0,"info","\\ud800",1]]',
        b'[["log",0,"info","a",NaN]]',
        b"[" * 100_000,
        b'[["write",0,"add","/a",null,' + b"[" * 100_000 + b"]" * 100_000 + b",1]]",
        bytes(1000),
    ],
    ids=lambda text: str(text[:30]),
)
def test_a_journal_that_no_honest_worker_writes(text: bytes) -> None:
    assert trace.events_of(text) == []
    assert trace.killed(Killed(step=0, cause="died", line=None, seconds=0.0, journal=text), 250.0).events == []


def test_a_journal_as_raw_json() -> None:
    assert trace.events_of(msgspec.Raw(b'[["log",0,"info","a",1]]')) == [
        journal.Log(step=0, level="info", text="a", line=1)
    ]
