"""Every limit of an execution, in one table: its value, and what happens when it is met.

A limit on what a rule does is met inside the rule where that can be, so that its end has a line. A rule cannot
swallow one: the exception is none that it can name, what a finaliser discards is asked for when the rule has ended,
and what never returns to the interpreter (`sum(range(10**12))`) is killed from outside.

Two limits are the language's own, and rules may catch what they raise, as they may in Python:

- `RecursionError`, caught, is an exception like any other. The rule goes on.
- `MemoryError`, caught, lets the rule go on too: what could not be had was not taken. What was taken shows in the
  worker's peak, and a worker whose peak has grown is replaced.

A change of `user` or `context` that either of them leaves unrecorded fails the rule at its end, though it was caught.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple, get_type_hints

import msgspec

KB, MB = 1024, 1024 * 1024


class Row(NamedTuple):
    """What a limit counts, how its step ends (None: it does not fail), the error's code, and how it is enforced."""

    unit: str
    outcome: str | None
    code: str | None
    enforced: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Counts are per execution unless the name or the row says otherwise."""

    # Time

    rule_time: Annotated[
        float,
        Row("seconds", "timed_out", "rule_timed_out", "a signal raises in the rule, and again until it has ended"),
    ] = 0.250
    execution_time: Annotated[
        float, Row("seconds", "timed_out", "execution_timed_out", "the worker is killed; what has not begun gets 503")
    ] = 2.0
    kill_grace: Annotated[
        float, Row("seconds", "timed_out", "rule_timed_out", "the worker is killed so long after the rule's time")
    ] = 0.050
    idle_time: Annotated[
        float, Row("seconds", None, None, "late finalisers, after the answer: the worker ends and is replaced")
    ] = 0.100

    # Processes

    worker_memory: Annotated[
        int, Row("bytes", "exhausted", "rule_memory", "address space (RLIMIT_AS): `MemoryError`; worker replaced")
    ] = 256 * MB
    worker_cpu: Annotated[
        int, Row("seconds", "exhausted", "worker_died", "of a worker's whole life (RLIMIT_CPU): a backstop")
    ] = 3600
    recycle_executions: Annotated[int, Row("executions", None, None, "the worker is replaced after them")] = 1000
    recycle_growth: Annotated[
        int, Row("bytes", None, None, "peak since the worker's start: it is replaced after its answer")
    ] = 64 * MB
    collect_growth: Annotated[
        int, Row("bytes", None, None, "peak from which garbage is collected after each rule, in its time")
    ] = 16 * MB

    # Traced executions, for which no login waits

    tracing_time: Annotated[
        float,
        Row("seconds", None, None, "more than else, for each rule and for the execution: watching takes time"),
    ] = 5.0
    timeline_lines: Annotated[
        int, Row("lines", None, None, "the timeline ends there and says so; the rule goes on")
    ] = 20_000
    timeline: Annotated[int, Row("bytes", None, None, "likewise")] = 4 * MB

    # Upload

    source: Annotated[int, Row("bytes", None, "too_large", "refused at upload")] = 64 * KB
    compile_time: Annotated[float, Row("seconds", None, "compile_timeout", "refused at upload")] = 5.0
    compile_memory: Annotated[int, Row("bytes", None, "too_complex", "refused at upload")] = 512 * MB
    code: Annotated[int, Row("bytes", None, "compile_crashed", "refused at upload: the compiled rule")] = 2 * MB

    # What a rule leaves

    answer: Annotated[
        int, Row("bytes", "exhausted", "worker_died", "one frame from a worker; no honest one comes near")
    ] = 8 * MB
    claims: Annotated[
        int, Row("bytes", "exhausted", "claims_too_large", "JSON of one token's claims, measured after each rule")
    ] = 100 * KB
    data: Annotated[
        int, Row("bytes", "exhausted", "too_large", "JSON of `user` and `context`, measured after each rule")
    ] = 4 * MB
    updates: Annotated[
        int, Row("bytes", "exhausted", "updates_too_large", "JSON of one store's changes, measured at each")
    ] = 256 * KB
    depth: Annotated[int, Row("levels", None, None, "of one value: it is taken out, with a warning")] = 32
    nesting: Annotated[
        int, Row("levels", "exhausted", "too_large", "of all JSON: looked at when it is put there, and after each rule")
    ] = 128
    nodes: Annotated[int, Row("objects", "exhausted", "too_large", "counted when a value is put into the data")] = (
        100_000
    )
    places: Annotated[
        int, Row("places", "exhausted", "too_large", "of one object, counted when it is put into the data")
    ] = 500

    # What a rule asks of the outside

    calls: Annotated[
        int,
        Row(
            "calls",
            "exhausted",
            "too_many_calls",
            "counted at each, before it is made; also those of rules that were skipped",
        ),
    ] = 50
    call_request: Annotated[
        int, Row("bytes", None, None, "JSON of one call, with its body or value: it raises `ValueError`")
    ] = 256 * KB
    call_answer: Annotated[
        int, Row("bytes", None, None, "of an answer's body, unpacked: the call raises `http.Error`")
    ] = 1 * MB
    calls_kept: Annotated[
        int, Row("bytes", None, None, "JSON of all answers: the record has the rest not, and a replay says so")
    ] = 2 * MB

    # Configuration

    configuration_values: Annotated[int, Row("values", None, None, "of one tenant: refused when it is set")] = 200
    configuration_value: Annotated[int, Row("bytes", None, None, "of one value: refused when it is set")] = 64 * KB
    configuration: Annotated[int, Row("bytes", None, None, "JSON of all values: refused when one is set")] = 256 * KB

    # The trace

    writes: Annotated[int, Row("writes", "exhausted", "too_many_writes", "counted at each, before it is kept")] = 2000
    write_value: Annotated[int, Row("bytes", None, None, "old or new value: the trace says its size instead")] = 8 * KB
    journal: Annotated[
        int, Row("bytes", "exhausted", "trace_too_large", "all writes and lines, counted at each write")
    ] = 2 * MB
    log_lines_per_rule: Annotated[int, Row("lines", None, None, "the rest is dropped, and one line says so")] = 100
    log_bytes_per_rule: Annotated[int, Row("bytes", None, None, "the rest is dropped, and one line says so")] = 64 * KB
    log_line: Annotated[int, Row("characters", None, None, "cut, with its length behind it")] = 2000
    skipped_events: Annotated[int, Row("events", None, None, "kept of a rule that was undone; the rest is counted")] = (
        100
    )
    skipped_bytes: Annotated[int, Row("bytes", None, None, "kept of a rule that was undone; the rest is counted")] = (
        32 * KB
    )
    error: Annotated[int, Row("bytes", None, None, "one error with its frames: else without sources and values")] = (
        32 * KB
    )
    extra: Annotated[
        int, Row("bytes", None, None, "errors, and what is kept of undone rules, of all rules: else lines only")
    ] = 1 * MB
    text: Annotated[int, Row("characters", None, None, "of an error or denial: cut")] = 1000

    recursion: Annotated[
        int, Row("frames", "exhausted", "rule_recursion", "the interpreter's own limit: `RecursionError`")
    ] = 400


DEFAULT = Limits()


def table() -> dict[str, Row]:
    """Each limit's row, by its name."""
    hints = get_type_hints(Limits, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in Limits.__struct_fields__}
