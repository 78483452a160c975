"""A revision made ready to run: what does not change from login to login, put together once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from engine.models import ALWAYS, PipelineRule, RanRule, Revision
from engine.rule_times import Row
from engine.trace import Kill
from sandbox.pool import RuleCode
from sandbox.wire import Hello


class Ready:
    """The enabled rules of a revision with their code, each named by its digest. `refused` are those that have none, by
    their places."""

    def __init__(
        self,
        revision: Revision,
        hello: Hello | None,
        rules: tuple[PipelineRule, ...],
        digests: Sequence[str],
        codes: Sequence[bytes],
        refused: Mapping[int, Kill],
    ) -> None:
        self.revision = revision
        self._hello = hello
        self.rules = rules
        self.codes = tuple(
            RuleCode(digest, code, rule.on_failure == "skip")
            for rule, digest, code in zip(rules, digests, codes, strict=True)
        )
        self.refused = refused
        # As bytes: whose names they are nobody here can tell. A rule that has them for another reason loses nothing.
        self.configured = any(b"configuration" in code for code in codes)
        self.calling = any(word in code for code in codes for word in (b"http", b"cache"))
        self.conditional = tuple(place for place, rule in enumerate(rules) if rule.conditions != ALWAYS)
        self.without_user = any(rule.conditions.without_user for rule in rules)
        self._all_passed = ("passed",) * len(rules)
        self._named = tuple(word for rule in rules for word in (rule.id, rule.name))
        self.engine = stamps(hello)
        self.rows: tuple[Row, ...] | None = None  # where its logins are counted, once there was one
        self.ran = tuple(RanRule(rule.id, rule.name, rule.version, rule.on_failure) for rule in rules)

    def when_passed(self, unmet: Collection[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The outcomes, and the ids and names of the rules that ran, where all passed but the `unmet` ones."""
        if not unmet:
            return self._all_passed, self._named
        ran = [rule for place, rule in enumerate(self.rules) if place not in unmet]
        outcomes = tuple("skipped" if place in unmet else "passed" for place in range(len(self.rules)))
        return outcomes, tuple(word for rule in ran for word in (rule.id, rule.name))

    def serves(self, revision: Revision, hello: Hello | None) -> bool:
        """Whether it is of this revision, and its code of the sandbox that now runs."""
        return self.revision is revision and self._hello is hello and hello is not None


def stamps(hello: Hello | None) -> str:
    """What an execution depends on besides its revision: the policy, RestrictedPython, and Python with its bytecode."""
    return "" if hello is None else f"{hello.policy} {hello.restrictedpython} {hello.cache_tag} {hello.magic}"
