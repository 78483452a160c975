"""What recorded executions say together: how many, how long, which rules, whose claims, for whom.

Nothing is read here: records are added one by one, the newest first, and what is kept of each is a few numbers and
names. What is not to be shown of a record is not shown here either.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, get_args

from msgspec import Struct, field

from engine.capability import TOKENS
from engine.claims import same
from engine.models import Decision, Moment, Outcome, RanRule, Recording
from engine.record import Record, moment, redaction_of
from engine.redaction import CUT, Redaction
from engine.trace import Blame
from sandbox.journal import pointer

MOST_RULES = 500
MOST_CLAIMS = 20  # of one rule that are named
MOST_LOOKED_AT = 100  # claims of one token: rules may make up thousands of names at every login
MOST_CLIENTS = 50
MOST_BUCKETS = 48
LONGEST_NAME = 200  # characters of a claim's or a client's name
SHORTEST_BUCKET = 1  # seconds


class RuleTraffic(Struct, kw_only=True):
    """What a rule did. `runs` are its steps that were not skipped, `outcomes` all of them; `p95_ms` is what 95 of 100
    runs did not exceed. `last_claim_at` is when a claim that it had set was in a token last; `claims` are the names of
    such claims, up to 20, and with `more_claims` there are others."""

    id: str
    name: str
    runs: int
    outcomes: dict[Outcome, int]
    p95_ms: float | None
    last_at: Moment | None
    last_claim_at: Moment | None
    claims: list[str]
    more_claims: bool


class ClientTraffic(Struct, kw_only=True):
    """The logins for a client; null are those that name none."""

    client: str | None
    executions: int
    failed: int
    denied: int
    last_at: Moment


class Bucket(Struct, kw_only=True):
    """A part of the time, from `at` to the next one's. Times are milliseconds of whole executions, null where there was
    none."""

    at: Moment
    count: int
    failed: int
    denied: int
    p50: float | None
    p95: float | None


class Traffic(Struct, kw_only=True):
    """What the newest recorded executions say together: those from `since` to `until`. With `more` there are older ones
    in the time that was asked for, which were not looked at. `first_at` and `last_at` are the times of the oldest and
    the newest. In those that `failed` a rule failed. Milliseconds are those of whole executions, which half, 95 and 99
    of 100 did not exceed. `unreadable` are records that cannot be opened: they count nowhere else. `rules` stand as
    they ran in the newest executions; `other_rules` are steps of rules beyond 500, `other_clients` executions for
    clients beyond the 50 with the most."""

    executions: int
    since: Moment
    until: Moment
    first_at: Moment | None
    last_at: Moment | None
    more: bool
    decisions: dict[Decision, int]
    failed: int
    unreadable: int
    p50: float | None
    p95: float | None
    p99: float | None
    rules: list[RuleTraffic]
    other_rules: int
    clients: list[ClientTraffic]
    other_clients: int
    series: list[Bucket]


class Login(NamedTuple):
    """What is kept of one execution."""

    at: datetime
    ms: float
    decision: Decision
    failed: bool
    client: str | None


class _Rule(Struct):
    name: str
    times: list[float] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    last_at: datetime | None = None
    last_claim_at: datetime | None = None
    claims: dict[str, None] = field(default_factory=dict)
    more_claims: bool = False


class Tally:
    def __init__(self, recording: Recording) -> None:
        """`recording` says what of the logins is not shown."""
        self._recording = recording
        self._logins: list[Login] = []
        self._rules: dict[str, _Rule] = {}
        self._other_rules = 0
        self.unreadable = 0  # records that cannot be added, since they cannot be opened

    def add(self, record: Record) -> None:
        """Count one more: an older one than all before."""
        at = moment(record.clock)
        redaction = redaction_of(self._recording)
        redaction.masked(record.given("user"), "user")
        context = redaction.masked(record.given("context"), "context")
        steps = record.trace.steps()
        for step in steps:
            rule = self._rule(step.rule_id, step.rule)
            if rule is None:
                continue
            rule.outcomes[step.outcome] += 1
            if step.outcome != "skipped":
                rule.times.append(step.ms)
                rule.last_at = rule.last_at or at
        for ran, name in _set_by_rules(record):
            if (rule := self._rules.get(ran.id)) is not None:
                rule.last_claim_at = rule.last_claim_at or at
                _name(rule, _shown(name, redaction))
        client = context.get("clientID")
        self._logins.append(
            Login(
                at=at,
                ms=record.ms,
                decision=record.decision,
                failed=any(step.error is not None for step in steps),
                client=_shown(client, redaction) if isinstance(client, str) else None,
            )
        )

    def traffic(self, since: datetime, until: datetime, *, more: bool) -> Traffic:
        """All that was added, of a time that was asked for. With `more`, older ones were not added: what is told of
        begins with the oldest that was."""
        logins = self._logins
        if more and logins:
            since = min(logins[-1].at, until)
        decisions = Counter(login.decision for login in logins)
        times = sorted(login.ms for login in logins)
        clients = _clients(logins)
        return Traffic(
            executions=len(logins),
            since=since,
            until=until,
            first_at=logins[-1].at if logins else None,
            last_at=logins[0].at if logins else None,
            more=more,
            decisions={decision: decisions[decision] for decision in get_args(Decision)},
            failed=sum(login.failed for login in logins),
            unreadable=self.unreadable,
            p50=percentile(times, 50),
            p95=percentile(times, 95),
            p99=percentile(times, 99),
            rules=[_told(*entry) for entry in self._rules.items()],
            other_rules=self._other_rules,
            clients=clients[:MOST_CLIENTS],
            other_clients=sum(client.executions for client in clients[MOST_CLIENTS:]),
            series=_series(logins, since, until),
        )

    def _rule(self, id: str, name: str) -> _Rule | None:
        """By its id, under its newest name."""
        if id not in self._rules and len(self._rules) >= MOST_RULES:
            self._other_rules += 1
            return None
        return self._rules.setdefault(id, _Rule(name))


def percentile(ordered: Sequence[float], part: int) -> float | None:
    """What `part` of 100 do not exceed (the nearest rank); None of nothing."""
    return ordered[math.ceil(len(ordered) * part / 100) - 1] if ordered else None


def _set_by_rules(record: Record) -> Iterator[tuple[RanRule, str]]:
    """The claims in tokens that are not as the issuer sent them, each with the rule that wrote it last."""
    blame = Blame(record.trace)
    rules = {rule.name: rule for rule in record.trace.rules}
    given = record.given("context")
    for token in TOKENS:
        claims = getattr(record, token) or {}
        before = given.get(token) if isinstance(given.get(token), dict) else {}
        # What the policy has restored is as it was sent, though a rule has written it.
        names = (name for name in claims if not same(claims, before, name))
        for _, name in zip(range(MOST_LOOKED_AT), names, strict=False):
            rule, _ = blame.of(pointer(("context", token, name)))
            if rule in rules:
                yield rules[rule], name


def _name(rule: _Rule, claim: str) -> None:
    if claim in rule.claims:
        return
    if len(rule.claims) < MOST_CLAIMS:
        rule.claims[claim] = None
    else:
        rule.more_claims = True


def _shown(name: str, redaction: Redaction) -> str:
    shown: str = redaction.everywhere(name)
    return shown if len(shown) <= LONGEST_NAME else shown[:LONGEST_NAME] + CUT


def _told(id: str, rule: _Rule) -> RuleTraffic:
    return RuleTraffic(
        id=id,
        name=rule.name,
        runs=len(rule.times),
        outcomes=dict(rule.outcomes),
        p95_ms=percentile(sorted(rule.times), 95),
        last_at=rule.last_at,
        last_claim_at=rule.last_claim_at,
        claims=list(rule.claims),
        more_claims=rule.more_claims,
    )


def _clients(logins: Sequence[Login]) -> list[ClientTraffic]:
    """Those with the most logins first."""
    found: dict[str | None, ClientTraffic] = {}
    for login in logins:
        new = ClientTraffic(client=login.client, executions=0, failed=0, denied=0, last_at=login.at)
        client = found.setdefault(login.client, new)
        client.executions += 1
        client.failed += login.failed
        client.denied += login.decision == "deny"
    return sorted(found.values(), key=lambda client: -client.executions)


def _series(logins: Sequence[Login], since: datetime, until: datetime) -> list[Bucket]:
    """The time in equal parts. An execution at its very end, or after it by another replica's clock, is in the last."""
    span = (until - since) / timedelta(seconds=1)
    count = max(1, min(MOST_BUCKETS, int(span // SHORTEST_BUCKET)))
    parts: list[list[Login]] = [[] for _ in range(count)]
    for login in logins:
        part = int((login.at - since) / timedelta(seconds=1) * count / span) if span else 0
        parts[min(max(part, 0), count - 1)].append(login)
    return [_bucket(since + (until - since) * place / count, part) for place, part in enumerate(parts)]


def _bucket(at: datetime, logins: Sequence[Login]) -> Bucket:
    times = sorted(login.ms for login in logins)
    return Bucket(
        at=at,
        count=len(logins),
        failed=sum(login.failed for login in logins),
        denied=sum(login.decision == "deny" for login in logins),
        p50=percentile(times, 50),
        p95=percentile(times, 95),
    )
