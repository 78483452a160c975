"""What a login means: the one path from a transaction to an execution.

`Engine.evaluate` is what production, trying a draft and running a case all call; they differ in the recorder.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence

import msgspec
import structlog

from engine import trace
from engine.builder import Builder, Run
from engine.calls.made import Made, World
from engine.calls.reach import Reach
from engine.capability import TOKENS
from engine.chance import Chance
from engine.compiled import CompiledRules, RuleRefused
from engine.conditions import unmet
from engine.configuration import EMPTY, Configurations, ConfigurationSet
from engine.execution import Execution
from engine.execution_id import CHANCE, execution_id
from engine.library import Sources, closure, digest
from engine.live import Live
from engine.masking import Masking, without_secrets
from engine.models import CallRecord, PipelineModule, PipelineRule, Revision, Step, StepError, Transaction, labels
from engine.ready import Ready
from engine.recorder import Recorder
from engine.rule_times import RuleTimes
from engine.store.errors import Unavailable
from engine.store.store import Store
from engine.suspended import Suspended
from engine.transaction import InvalidTransaction, read_view, require_readable, whose
from sandbox import journal
from sandbox.pool import Busy, Killed, Pool, Request
from sandbox.wire import Answer

log = structlog.get_logger("claimsmith.engine")

RETURNS = (*TOKENS, "redirect", "multifactor", "lifetime")
SEED = 32  # bytes
WITHOUT_SECRETS = " (placeholders)"  # behind a tenant's key: its workers never held a secret
MOST_OTHERS = 16  # revisions that many logins are replayed under
MOST_READY = 1_000  # tenants whose rules are kept ready to run


class Engine:
    def __init__(
        self,
        store: Store,
        live: Live,
        pool: Pool,
        compiled: CompiledRules,
        recorder: Recorder,
        outside: World | None = None,
        configurations: Configurations | None = None,
    ) -> None:
        """Without `outside` calls of rules fail; without `configurations` there are no values but those given."""
        self._outside = outside
        self._configurations = configurations
        self._store = store
        self._live = live
        self._pool = pool
        self._compiled = compiled
        self._recorder = recorder
        self._chance = Chance()
        self._log = log.bind()  # made once: the lazy one is made anew at every use
        self._ready: OrderedDict[str, Ready] = OrderedDict()
        self._others: OrderedDict[int, Ready] = OrderedDict()  # of revisions that are not live, by identity
        self.suspended = Suspended()
        self.logins = 0  # that somebody waited for
        # Of logins, and not of what is tried or replayed:
        self.decisions: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.denials: Counter[str] = Counter()
        self.rule_times = RuleTimes()

    async def evaluate(
        self,
        transaction: Transaction,
        *,
        revision: Revision | None = None,
        scripts: Mapping[str, str] | None = None,
        recorder: Recorder | None = None,
        clock: int | None = None,
        seed: bytes | None = None,
        ended: Mapping[int, trace.Kill] | None = None,
        configuration: ConfigurationSet | None = None,
        calls: Sequence[CallRecord] | None = None,
        outside: World | None = None,
        background: bool = False,
        traced: bool = False,
    ) -> Execution:
        """Decide on a transaction with the tenant's live revision, or with a given one.

        `scripts` are the sources of a draft, its rules and modules, by SHA-256. `clock` (nanoseconds since the epoch)
        and `seed` (`SEED` bytes) are those of an earlier execution, for a replay; `ended` are the rules that do not
        run, by their places among the enabled ones, since they had to be ended then. `configuration` is read instead of
        the live set; with `calls`, those of an earlier execution, a call gets its recorded answer, and none goes
        outside; else `outside` answers it, where it is given. In the `background` it takes no login's worker; a
        `traced` one has a timeline, and more time.

        Whatever the rules do is a value. Raises `InvalidTransaction` for JSON that is not a transaction, `NotFound` for
        a tenant that does not exist, `Unavailable`, `Busy` and `SandboxUnavailable` when it was not evaluated.
        """
        began = time.monotonic()
        limits = self._pool.limits
        allowed = limits.execution_time if transaction.deadline is None else transaction.deadline
        deadline = began + min(allowed, limits.execution_time) + (limits.tracing_time if traced else 0.0)
        if transaction.until is not None:
            deadline = min(deadline, transaction.until)
        revision = (
            revision or self._live.known(transaction.tenant) or await self._revision(transaction.tenant, deadline)
        )
        live = recorder is None and ended is None  # and no replay, nor a draft on trial
        clock = time.time_ns() if clock is None else clock
        chance = self._chance.take(SEED + CHANCE)
        seed = chance[:SEED] if seed is None else seed
        view = read_view(transaction)
        if not background:
            self.logins += 1
        ready = self._ready.get(revision.tenant)
        if ready is None or ready.revision is not revision:
            ready = self._others.get(id(revision))
        if ready is None or not ready.serves(revision, self._pool.hello):
            ready = await self._prepare(revision, scripts or {}, deadline)
        else:
            self._compiled.counts.memory += len(ready.codes)
        build = Builder(ready, view, limits.claims, transaction.capability, transaction.user is not None)
        nobody = transaction.user is None and not ready.without_user
        if nobody or not ready.rules:
            require_readable(transaction)  # as a worker would: what is refused must not depend on the rules
        if nobody:
            build.note("no_user", "there is no user to run rules for: the claims are as they came in")
            build.unchanged()
        elif not ready.rules:
            build.unchanged()
        else:
            reach = await self._reach(ready, configuration, calls, outside, deadline)
            ask = Request(
                key=revision.tenant + WITHOUT_SECRETS if reach.placeholders else revision.tenant,
                user=transaction.user or b"null",
                context=transaction.context,
                rules=ready.codes,
                maps=TOKENS,
                returns=RETURNS,
                clock=clock,
                seed=seed,
                deadline=deadline,
                until=transaction.until,
                background=background or traced,
                traced=traced,
                configuration=reach.text,
                broker=reach.broker,
            )
            user = transaction.user is not None
            looked_at = ready.conditional if user else range(len(ready.rules))
            conditions = {place: unmet(ready.rules[place].conditions, view, user=user) for place in looked_at}
            apart = {place: reason for place, reason in conditions.items() if reason is not None}
            if live:
                ended = self.suspended.among(revision.tenant, ready.rules, apart)
            run = await self._run(transaction, ready, ask, ended or {}, apart, reach.hidden)
            build.from_run(run, reach)
            if live:
                person = functools.partial(whose, transaction, view)
                self.suspended.note(revision.tenant, ready.rules, build.ran, build.failed, person)
        name = execution_id(clock, chance[SEED:])
        execution = build.execution(name, transaction, clock, seed, time.monotonic() - began)
        if live:
            self._count(execution, ready, build)
        if execution.denial is None and not build.failed:
            named = labels(transaction.origin)
            self._log.debug(
                "decided", execution_id=execution.id, tenant=execution.tenant, decision=execution.decision, **named
            )
        else:
            _log(execution, build.failed)
        (recorder or self._recorder).add(execution, revision.settings.recording)
        return execution

    def _count(self, execution: Execution, ready: Ready, build: Builder) -> None:
        self.decisions[execution.decision] += 1
        self.outcomes.update(build.outcomes)
        if execution.denial is not None:
            self.denials[execution.denial.error] += 1
        if not build.times and not build.failed:
            return
        if ready.rows is None:
            ready.rows = self.rule_times.rows(ready.revision.tenant, ready.rules)
        self.rule_times.add(ready.rows, build.times, execution.seconds)
        if build.failed:
            self.rule_times.failed(ready.rows, ready.rules, build.failed)

    async def _revision(self, tenant: str, deadline: float) -> Revision:
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await self._live.revision(tenant)
        except TimeoutError:
            raise Unavailable("no answer within the login's deadline") from None

    async def _prepare(self, revision: Revision, scripts: Mapping[str, str], deadline: float) -> Ready:
        """The code of the revision's rules, kept where all of them compile and none is a draft."""
        rules = tuple(rule for rule in revision.rules if rule.enabled)
        hello = self._pool.hello
        bundles = [closure(rule.imports, revision.modules) for rule in rules]
        digests = [
            digest(rule.sha256, {module.name: module.sha256 for module in bundle})
            for rule, bundle in zip(rules, bundles, strict=True)
        ]
        codes: list[bytes] = []
        kills: dict[int, trace.Kill] = {}
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                for index, rule in enumerate(rules):
                    code = b""
                    source = functools.partial(self._source, rule, bundles[index], scripts)
                    try:
                        code = await self._compiled.code(digests[index], source)
                    except RuleRefused as refused:
                        error = StepError(code="rule_refused", message=f"it does not compile any more: {refused}")
                        kills[index] = trace.Kill(outcome="refused", error=error, seconds=0.0, events=[])
                    codes.append(code)
        except TimeoutError:
            raise Busy("the deadline came before the rules were compiled") from None
        ready = Ready(revision, hello, rules, digests, codes, kills)
        if not scripts and not kills and self._live.known(revision.tenant) is revision:
            self._ready[revision.tenant] = ready
            if len(self._ready) > MOST_READY:
                self._ready.popitem(last=False)
        elif not kills:
            self._others[id(revision)] = ready  # which holds it, so that nothing else has this identity
            if len(self._others) > MOST_OTHERS:
                self._others.popitem(last=False)
        return ready

    async def _reach(
        self,
        ready: Ready,
        given: ConfigurationSet | None,
        calls: Sequence[CallRecord] | None,
        outside: World | None,
        deadline: float,
    ) -> Reach:
        """Nothing, for rules that mention none of it: most do not."""
        revision = ready.revision
        configuration = None
        if ready.configured:
            configuration = given or await self._configuration(revision.tenant, deadline)
        if not ready.calling:
            return Reach(configuration)
        masking = Reach(configuration).hidden
        hosts = revision.settings.allowed_hosts
        # What live rules have kept may come of secrets, and decides logins: no business of a draft without them.
        tenant = revision.tenant + WITHOUT_SECRETS if given is not None and given.number is None else revision.tenant
        return Reach(
            configuration,
            Made(outside or self._outside, tenant, hosts, deadline, self._pool.limits, masking, calls),
        )

    async def _configuration(self, tenant: str, deadline: float) -> ConfigurationSet:
        if self._configurations is None:
            return EMPTY
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await self._configurations.live(tenant)
        except TimeoutError:
            raise Unavailable("no answer within the login's deadline") from None

    async def _run(
        self,
        transaction: Transaction,
        ready: Ready,
        ask: Request,
        ended: Mapping[int, trace.Kill],
        apart: dict[int, str],
        masking: Masking,
    ) -> Run:
        """Run the pipeline but for the rules that stand `apart`; one that has to be killed and may be skipped is left
        out of another attempt."""
        kills = {place: kill for place, kill in ready.refused.items() if place not in apart}
        for index in kills:
            if ready.rules[index].on_failure != "skip":
                return Run(answer=None, journal=trace.NO_EVENTS, kills=kills, failed=index, unmet=apart)
        kills |= ended
        # One that ended the login then ends it now, behind the rules before it.
        last = next((index for index in sorted(ended) if ready.rules[index].on_failure != "skip"), None)
        behind = () if last is None else range(last + 1, len(ready.rules))
        while True:
            left_out = (*kills, *behind, *apart)
            result = await self._pool.run(msgspec.structs.replace(ask, left_out=left_out) if left_out else ask)
            result = without_secrets(result, masking)
            if isinstance(result, Answer):
                if result.invalid is not None:
                    require_readable(transaction)
                    raise InvalidTransaction("$", result.invalid)
                if last is not None and result.denial is None:
                    return Run(answer=None, journal=result.journal, kills=kills, failed=last, unmet=apart)
                skipped = tuple([index for index in result.skipped if 0 <= index < len(ready.rules)])
                return Run(answer=result, journal=result.journal, kills=kills, skipped=skipped, unmet=apart)
            failed = self._killed(result, ready.rules, kills, apart)
            if failed is not None:
                text = msgspec.Raw(result.journal)
                return Run(answer=None, journal=text, kills=kills, failed=failed, unmet=apart)

    def _killed(
        self, result: Killed, rules: tuple[PipelineRule, ...], kills: dict[int, trace.Kill], apart: Mapping[int, str]
    ) -> int | None:
        """Note a kill; answers the rule that decides the login, or None when it is to be skipped."""
        kill = trace.killed(result, self._pool.limits.rule_time * 1000)
        index = result.step
        if index is None or index in kills or index in apart:
            # A worker that lies about where it was: nobody can be skipped for it.
            index = next((i for i in range(len(rules)) if i not in kills and i not in apart), 0)
            kills[index] = kill
            return index
        kills[index] = kill
        denied = any(isinstance(event, journal.Deny) and event.step == index for event in kill.events)
        if denied or rules[index].on_failure != "skip" or result.cause == "deadline":
            return index
        return None

    async def _source(
        self, rule: PipelineRule, modules: Sequence[PipelineModule], scripts: Mapping[str, str]
    ) -> tuple[str, Sources]:
        wanted = {rule.sha256, *(module.sha256 for module in modules)}
        found = {sha256: scripts[sha256] for sha256 in wanted & scripts.keys()}
        if missing := wanted - found.keys():
            found |= await self._store.scripts(missing)
        if found.keys() != wanted:
            # Its tenant was ended by another replica a moment ago: soon it is not found here either.
            raise Unavailable(f"the script of rule `{rule.id}` is not stored any more")
        return found[rule.sha256], {module.name: found[module.sha256] for module in modules}


def _log(execution: Execution, failed: Sequence[Step]) -> None:
    """A line for what an operator may have to look at. Without texts of rules or claims: those are in the record."""
    milliseconds = round(execution.seconds * 1000, 1)
    named = log.bind(
        execution_id=execution.id,
        tenant=execution.tenant,
        revision=execution.revision,
        **labels(execution.transaction.origin),
    )
    for step in failed:
        if step.error is not None:
            named.warning(
                "rule failed", rule=step.rule, outcome=step.outcome, code=step.error.code, line=step.error.line
            )
    if execution.denial is not None:
        named.info("denied", error=execution.denial.error, rule=execution.denial.rule, ms=milliseconds)
    else:
        named.debug("decided", decision=execution.decision, ms=milliseconds)
