"""Executions as they are sent to one worker: the code of a rule once, then by its name."""

from __future__ import annotations

from sandbox.executions import Ticket
from sandbox.wire import Job, JobRule, frame, to_worker


class Sent:
    """What one worker has been sent, and keeps."""

    def __init__(self) -> None:
        self._digests: set[str] = set()
        self._rules: object = None  # of the last job, as the pool was given them
        self._named: tuple[JobRule, ...] = ()  # the same without their code

    def frame(self, ticket: Ticket) -> bytes:
        """The job's frame, which has to be sent."""
        request = ticket.request
        if request.rules is not self._rules:
            rules = tuple(
                JobRule(rule.digest, b"" if rule.digest in self._digests else rule.code, rule.skip)
                for rule in request.rules
            )
            self._digests.update(rule.digest for rule in rules)
            self._rules = request.rules
            self._named = tuple(JobRule(rule.digest, b"", rule.skip) for rule in rules)
        else:
            rules = self._named  # as in the job before, all of which it has
        job = Job(
            ticket.seq,
            request.user,
            request.context,
            rules,
            request.maps,
            request.returns,
            request.clock,
            request.seed,
            request.left_out,
            request.traced,
            request.configuration,
        )
        return frame(to_worker.encode(job))
