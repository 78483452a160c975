"""From a journal, which is what a worker wrote, to the steps of an execution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from engine.models import CallRecord, Cause, Frame, LogLine, Outcome, RanRule, Step, StepError, Write
from sandbox import journal
from sandbox.journal import Event
from sandbox.plain import nested_within
from sandbox.pool import Killed


class Kill(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that had to be ended from outside, with what was seen of it."""

    outcome: Outcome
    error: StepError
    seconds: float
    events: list[Event]


NO_REASONS: Mapping[int, str] = {}
NO_EVENTS = msgspec.Raw(b"[]")
NESTING = 200  # levels of what an event holds: no honest one comes near (`Limits.nesting`)


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the steps, as it came: the journal of the last attempt, the rules that had to be ended from
    outside, and those that were undone, by their places among `rules`. `calls` is the service's own knowledge, and so
    is `unmet`: why rules did not run, whose conditions were not met."""

    rules: tuple[RanRule, ...] = ()
    journal: msgspec.Raw = NO_EVENTS
    kills: dict[int, Kill] = {}
    skipped: tuple[int, ...] = ()
    calls: tuple[CallRecord, ...] = ()
    unmet: dict[int, str] = {}

    def events(self) -> list[Event]:
        return events_of(self.journal)

    def steps(self) -> tuple[Step, ...]:
        return steps(self.rules, self.events(), self.kills, self.skipped, self.calls, self.unmet)

    def ended(self, index: int) -> Kill:
        """The rule at `index`, which has not passed, as if it had been ended from outside."""
        if index in self.kills:
            return self.kills[index]
        own = [event for event in self.events() if event.step == index]
        end = next(event for event in own if isinstance(event, journal.End))
        error = _error(end.error) or StepError(code=end.outcome, message="")
        return Kill(outcome=end.outcome, error=error, seconds=end.microseconds / 1e6, events=own)


class Blame:
    """Who wrote a claim last, according to the journal. Nobody, for a worker that lies.

    Nothing is looked through before the first question, since most logins ask none. Then it answers in a time that does
    not grow with the journal: a rule may make thousands of writes and of notices.
    """

    def __init__(self, trace: Trace) -> None:
        """What rules did that were undone is nobody's doing."""
        self._trace = trace
        self._rules = trace.rules
        self._looked = False
        self._at: dict[str, list[tuple[int, journal.Write | journal.Refuse]]] = {}
        self._below: dict[str, tuple[int, journal.Write | journal.Refuse]] = {}

    def _look_through(self) -> None:
        self._looked = True
        for order, event in enumerate(self._trace.events()):
            if event.step in self._trace.skipped:
                continue
            if isinstance(event, journal.Write | journal.Refuse) and 0 <= event.step < len(self._rules):
                self._at.setdefault(event.path, []).append((order, event))
                # A claim is the third name of its path: nobody asks about what lies deeper.
                names = event.path.split("/", 4)
                for count in range(2, min(len(names), 5)):
                    self._below["/".join(names[:count])] = order, event

    def of(self, path: str) -> tuple[str | None, int | None]:
        """The rule's name and line of the last write that changed what is at `path`: there, below, or above it."""
        if not self._looked:
            self._look_through()
        found = [*self._at.get(path, ())[-1:]]
        if path in self._below:
            found.append(self._below[path])
        if (above := self._replaced(path, changed=True)) is not None:
            found.append(above)
        if not found and (above := self._replaced(path, changed=False)) is not None:
            found.append(above)
        if not found:
            return None, None
        _, event = max(found, key=lambda entry: entry[0])
        return self._rules[event.step].name, event.line

    def _replaced(self, path: str, *, changed: bool) -> tuple[int, journal.Write | journal.Refuse] | None:
        """The last write of the object that holds `path`; where `changed`, the last that made a difference to it."""
        holder, _, name = path.rpartition("/")
        name = name.replace("~1", "/").replace("~0", "~")
        for order, event in reversed(self._at.get(holder, ())[-MOST_REPLACEMENTS:]):
            if not changed or isinstance(event, journal.Refuse) or _differs(event.old, event.new, name):
                return order, event
        return None


MOST_REPLACEMENTS = 20  # of one object that are looked at: a rule that does more is not worth more


def _differs(old: object, new: object, name: str) -> bool:
    if not isinstance(old, dict) or not isinstance(new, dict) or "$truncated" in old or "$truncated" in new:
        return True
    return (name in old) != (name in new) or old.get(name) != new.get(name)


def events_of(text: bytes | msgspec.Raw) -> list[Event]:
    """The events of a journal; none where the text is not one."""
    try:
        events = journal.read(text)
        # Those who read it may recurse. No more brackets are no deeper.
        if bytes(text).count(b"{") + bytes(text).count(b"[") > NESTING and not nested_within(_values(events), NESTING):
            return []
        return events
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _values(events: Iterable[Event]) -> list[object]:
    return [value for event in events if isinstance(event, journal.Write) for value in (event.old, event.new)]


def killed(result: Killed, rule_ms: float) -> Kill:
    """What is known of a rule whose worker was killed or died in it."""
    outcome: Outcome = "exhausted"
    if result.cause == "time":
        outcome, code = "timed_out", "rule_timed_out"
        text = f"the rule ran longer than {rule_ms:g} ms, and was ended from outside"
    elif result.cause == "deadline":
        outcome, code = "timed_out", "execution_timed_out"
        text = "the login's deadline came while the rule ran"
    else:
        code, text = "worker_died", "the rule's process ended twice while it ran"
    frames = (Frame(line=result.line, function=""),) if result.line else ()
    error = StepError(code=code, message=text, line=result.line, frames=frames)
    return Kill(outcome=outcome, error=error, seconds=result.seconds, events=events_of(result.journal))


def steps(
    rules: Sequence[RanRule],
    events: Sequence[Event],
    kills: Mapping[int, Kill],
    skipped: Iterable[int],
    calls: Iterable[CallRecord] = (),
    unmet: Mapping[int, str] = NO_REASONS,
) -> tuple[Step, ...]:
    """The steps in order. `events` are those of the last attempt; a rule in `kills` has its own."""
    rolled_back = {*skipped, *(index for index in kills if rules[index].on_failure == "skip")}
    made = []
    for index, rule in enumerate(rules):
        if index in unmet:
            made.append(_skipped(rule, unmet[index]))
            continue
        kill = kills.get(index)
        own = [event for event in (kill.events if kill else events) if event.step == index]
        end = next((event for event in own if isinstance(event, journal.End)), None)
        if not kill and end is None:
            continue  # it did not run
        error = kill.error if kill else _error(end.error) if end else None
        made.append(
            Step(
                rule=rule.name,
                rule_id=rule.id,
                version=rule.version,
                outcome=kill.outcome if kill else end.outcome if end else "exhausted",
                ms=round(kill.seconds * 1000, 3) if kill else end.microseconds / 1000 if end else 0.0,
                writes=tuple(
                    Write(
                        path=event.path,
                        op=event.op,
                        old=event.old,
                        new=event.new,
                        line=event.line,
                        rolled_back=index in rolled_back,
                    )
                    for event in own
                    if isinstance(event, journal.Write)
                ),
                logs=tuple(
                    LogLine(level=event.level, text=event.text, line=event.line)
                    for event in own
                    if isinstance(event, journal.Log)
                ),
                calls=tuple(_call(call) for call in calls if call.step == index),
                error=error,
            )
        )
    return tuple(made)


def _skipped(rule: RanRule, reason: str) -> Step:
    return Step(rule=rule.name, rule_id=rule.id, version=rule.version, outcome="skipped", ms=0.0, reason=reason)


def _call(call: CallRecord) -> dict[str, Any]:
    """A call as it is shown."""
    return {
        "kind": call.kind,
        "line": call.line,
        "ms": call.ms,
        "request": msgspec.json.decode(call.request),
        "answer": call.shown,
    }


def _error(error: journal.Error | None) -> StepError | None:
    if error is None:
        return None
    return StepError(
        code=error.code,
        message=error.message,
        line=error.line,
        frames=_frames(error.frames),
        causes=tuple(
            Cause(message=cause.message, line=cause.line, frames=_frames(cause.frames)) for cause in error.causes
        ),
    )


def _frames(frames: Iterable[journal.Frame]) -> tuple[Frame, ...]:
    return tuple(
        Frame(
            line=frame.line,
            function=frame.function,
            source=frame.source,
            column=frame.column,
            end_column=frame.end_column,
            values=frame.values,
        )
        for frame in frames
    )
