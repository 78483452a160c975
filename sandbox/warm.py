"""A rule of ours that is run before any other: in the zygote, so that the interpreter has seen what executions do, and
in each worker before its first job, so that the pages which that writes to are its own by then.

Without it a first login waits for that, most of 2.4 ms. Only what nearly all rules do is in it: each page costs.
"""

from __future__ import annotations

import msgspec

from sandbox.compiler import compile_rule
from sandbox.limits import Limits
from sandbox.memory import Memory
from sandbox.pipeline import Pipeline
from sandbox.program import Program, load
from sandbox.progress import Progress
from sandbox.timer import Timer
from sandbox.wire import Answer, Job, JobRule, from_service, to_service, to_worker

SCRIPT = """
def rule(user, context):
    own = []
    for role in user.app_metadata.get("roles", []):
        own.append(role)
    context.idToken["https://example.com/roles"] = own
    context.idToken["https://example.com/staff"] = user.email.endswith("@example.com")
"""
USER = b'{"email":"ada@example.com","permissions":["read:a","write:b"],"app_metadata":{"roles":["admin"]}}'
CONTEXT = b'{"idToken":{"sub":"1"},"request":{"query":{"scope":"openid"}},"stats":{"loginsCount":1}}'
TIMES = 30  # the interpreter needs some eight to see how code is best run


def program(limits: Limits) -> Program:
    compiled = compile_rule(SCRIPT, limits)
    assert compiled.code, compiled.problems
    return load(compiled.code)


def warm(program: Program, limits: Limits, progress: Progress, timer: Timer, memory: Memory) -> Answer:
    """One execution, from its frame to its answer's."""
    maps = ("idToken", "accessToken")
    sent = Job(0, USER, CONTEXT, (JobRule("warm", b"", True),), maps, (*maps, "redirect", "multifactor"), 0, bytes(32))
    job = from_service.decode(to_worker.encode(sent))
    assert isinstance(job, Job)
    answer = Pipeline(job, {"warm": program}, limits, progress, timer, memory).run()
    return msgspec.json.decode(to_service.encode(answer), type=Answer)
