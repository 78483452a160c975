"""Rules that are left out for a while, since they ran out of time at many logins in a row.

Such a rule takes a worker for all of its time at every login, and comes to nothing. Left out, it has the outcome that
it had: the login is denied, or goes on where the rule may be skipped, and that at once. A rule that fails in another
way costs little, and is never left out; nor is one for the deadline of a caller, or for what one person brings about:
who finds a text on which a rule is slow has it fail for themselves, and for nobody else.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Container, Sequence

from engine.models import PipelineRule, Step, StepError
from engine.trace import Kill

FAILURES = 20  # in a row, at logins of this process
PEOPLE = 5  # whose logins these are, at least
WITHIN = 30.0  # seconds, from the first of them to the last
LEFT_OUT = 5.0  # seconds; then one login tries it
MOST = 10_000  # rules that are remembered
COUNTED, CODE = "rule_timed_out", "rule_suspended"
NOBODY: dict[int, Kill] = {}


class _Failing:
    __slots__ = ("count", "first", "people", "until")

    def __init__(self, now: float) -> None:
        self.count = 0
        self.people: set[int] = set()  # by their hashes, and no more than matter
        self.first = now
        self.until = 0.0  # not left out yet


class Suspended:
    """Of this process. A rule is known by its tenant, its id and its source: a changed one begins anew."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failing: OrderedDict[tuple[str, str, str], _Failing] = OrderedDict()
        self.suspensions = 0

    def among(self, tenant: str, rules: Sequence[PipelineRule], apart: Container[int] = ()) -> dict[int, Kill]:
        """Those of the rules that are left out now, by their places, as if they had been ended; not those `apart`,
        which do not run for this login anyway. Of logins that come when the time is over the first one tries the rule,
        and the others wait for what comes of it."""
        if not self._failing:
            return NOBODY
        now = self._monotonic()
        found: dict[int, Kill] = {}
        for place, rule in enumerate(rules):
            failing = self._failing.get((tenant, rule.id, rule.sha256))
            if failing is None or failing.until == 0.0 or place in apart:
                continue
            if now >= failing.until:
                failing.until = now + LEFT_OUT
                continue
            text = f"it ran out of time at {failing.count} logins in a row, and is tried again in some seconds"
            error = StepError(code=CODE, message=text)
            found[place] = Kill(outcome="timed_out", error=error, seconds=0.0, events=[])
        return found

    def left_out(self) -> int:
        """How many rules are left out now."""
        now = self._monotonic()
        return sum(failing.until > now for failing in self._failing.values())

    def note(
        self,
        tenant: str,
        rules: Sequence[PipelineRule],
        ran: Collection[str],
        failed: Sequence[Step],
        whose: Callable[[], str],
    ) -> None:
        """What came of a login: the ids of the rules that `ran`, and the steps of those that `failed`; `whose` it
        was."""
        codes = {step.rule_id: step.error.code for step in failed if step.error is not None}
        if not self._failing and COUNTED not in codes.values():
            return
        for rule in rules:
            key = tenant, rule.id, rule.sha256
            code = codes.get(rule.id)
            if code == COUNTED:
                self._failed(key, whose())
            elif code != CODE and rule.id in ran:
                self._failing.pop(key, None)

    def _failed(self, key: tuple[str, str, str], whose: str) -> None:
        now = self._monotonic()
        failing = self._failing.get(key)
        if failing is None or (failing.until == 0.0 and now - failing.first > WITHIN):
            failing = self._failing[key] = _Failing(now)
            if len(self._failing) > MOST:
                self._failing.popitem(last=False)
        failing.count += 1
        if len(failing.people) < PEOPLE:
            failing.people.add(hash(whose))
        if failing.count >= FAILURES and len(failing.people) >= PEOPLE:
            self.suspensions += failing.until == 0.0
            failing.until = now + LEFT_OUT
