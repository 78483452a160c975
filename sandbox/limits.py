"""Every limit of an execution, in one table.

The soft limit raises inside the rule, so that it ends with a line number; `kill_grace` later the worker is
killed from outside, since code that stays inside one C call (`sum(range(10**12))`) never sees the soft limit.
"""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds, sizes in bytes. Counts are per execution unless the name says otherwise."""

    rule_time: float = 0.250
    execution_time: float = 2.0
    kill_grace: float = 0.050
    idle_time: float = 0.100  # collecting garbage after an answer: late finalisers run here

    worker_memory: int = 256 * 1024 * 1024
    worker_cpu: int = 3600  # a backstop for the kernel: seconds of CPU in a worker's whole life
    recycle_executions: int = 1000
    recycle_growth: int = 64 * 1024 * 1024

    source: int = 64 * 1024
    compile_time: float = 5.0
    compile_memory: int = 512 * 1024 * 1024
    code: int = 2 * 1024 * 1024  # a compiled rule

    answer: int = 8 * 1024 * 1024  # one frame from a worker
    claims: int = 100 * 1024  # the JSON text of one token's claims
    depth: int = 32  # nesting of a value that a rule leaves behind
    nesting: int = 128  # of all JSON that goes in or comes out
    updates: int = 256 * 1024  # the JSON text of one store's metadata changes
    writes: int = 2000
    write_value: int = 8 * 1024  # old or new value as the trace keeps it
    journal: int = 2 * 1024 * 1024  # all events together
    log_lines_per_rule: int = 100
    log_line: int = 2000  # characters
    text: int = 1000  # characters of an error or denial
    recursion: int = 400  # Python frames


DEFAULT = Limits()
