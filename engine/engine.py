"""What a login means: the one path from a transaction to an execution.

`Engine.evaluate` is what production, trying a draft and running a case all call; they differ in the recorder.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
import structlog

from engine import trace
from engine.chance import Chance
from engine.claims import TOKENS, ClaimsTooLarge, Policy
from engine.compiled import CompiledRules, RuleRefused
from engine.execution import Execution
from engine.execution_id import CHANCE, execution_id
from engine.live import Live
from engine.models import (
    JSON,
    Claims,
    Decision,
    Denial,
    Notice,
    PipelineRule,
    Revision,
    Step,
    StepError,
    Transaction,
)
from engine.ready import Ready
from engine.records import Recorder
from engine.store.errors import Unavailable
from engine.store.store import Store
from sandbox import journal
from sandbox.pool import Busy, Killed, Pool, Request
from sandbox.wire import Answer

log = structlog.get_logger("claimsmith.engine")

T = TypeVar("T")

RETURNS = (*TOKENS, "redirect", "multifactor")
STORES = ("user_metadata", "app_metadata")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Flows without a browser to send anywhere (Auth0 Rules: redirect users, "limitations").
NO_INTERACTION = frozenset(
    {"oauth2-password", "oauth2-refresh-token", "oauth2-resource-owner", "oauth2-resource-owner-jwt-bearer"}
)
SEED = 32  # bytes
MOST_READY = 1_000  # tenants whose rules are kept ready to run
NO_TRACE = trace.Trace()
RULE_FAILED = "the login could not be decided: a rule failed"


class InvalidTransaction(Exception):
    """`user` or `context` cannot be used; `path` says where."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class RequestView(msgspec.Struct, frozen=True):
    query: dict[str, Any] | None = None


class ContextView(msgspec.Struct, frozen=True):
    """The few fields of `context` that the engine itself looks at."""

    idToken: dict[str, Any] | None = None
    accessToken: dict[str, Any] | None = None
    protocol: str | None = None
    request: msgspec.Raw = msgspec.Raw(b"null")


_context_view = msgspec.json.Decoder(ContextView)
_anything = msgspec.json.Decoder(Any)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of the sandbox, whole or in pieces."""

    answer: Answer | None
    journal: msgspec.Raw
    kills: dict[int, trace.Kill]
    skipped: tuple[int, ...] = ()
    failed: int | None = None  # the rule that ended it without an answer


class Engine:
    def __init__(self, store: Store, live: Live, pool: Pool, compiled: CompiledRules, recorder: Recorder) -> None:
        self._store = store
        self._live = live
        self._pool = pool
        self._compiled = compiled
        self._recorder = recorder
        self._chance = Chance()
        self._log = log.bind()  # made once: the lazy one is made anew at every use
        self._ready: OrderedDict[str, Ready] = OrderedDict()
        self.decisions: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()

    async def evaluate(
        self,
        transaction: Transaction,
        *,
        revision: Revision | None = None,
        scripts: Mapping[str, str] | None = None,
        recorder: Recorder | None = None,
        clock: int | None = None,
    ) -> Execution:
        """Decide on a transaction with the tenant's live revision, or with a given one.

        `scripts` are the sources of a draft by SHA-256; `clock` is in nanoseconds since the epoch. Whatever the
        rules do is a value. Raises `InvalidTransaction` for JSON that is not a transaction, `NotFound` for a
        tenant that does not exist, `Unavailable`, `Busy` and `SandboxUnavailable` when it was not evaluated.
        """
        began = time.monotonic()
        limits = self._pool.limits
        allowed = limits.execution_time if transaction.deadline is None else transaction.deadline
        deadline = began + min(allowed, limits.execution_time)
        revision = (
            revision or self._live.known(transaction.tenant) or await self._revision(transaction.tenant, deadline)
        )
        clock = time.time_ns() if clock is None else clock
        chance = self._chance.take(SEED + CHANCE)
        view = _view(transaction)
        ready = self._ready.get(revision.tenant)
        if ready is None or not ready.serves(revision, self._pool.hello):
            ready = await self._prepare(revision, scripts or {}, deadline)
        else:
            self._compiled.counts.memory += len(ready.codes)
        build = Builder(ready, view, limits.claims)
        if transaction.user is None or not ready.rules:
            _require_readable(transaction)  # as a worker would: what is refused must not depend on the rules
        if transaction.user is None:
            build.note("no_user", "there is no user to run rules for: the claims are as they came in")
            build.unchanged()
        elif not ready.rules:
            build.unchanged()
        else:
            build.from_run(await self._run(transaction, transaction.user, ready, clock, chance[:SEED], deadline))
        execution = build.execution(execution_id(clock, chance[SEED:]), clock, time.monotonic() - began)
        self.decisions[execution.decision] += 1
        self.outcomes.update(build.outcomes)
        if execution.denial is None and not build.failed:
            self._log.debug("decided", execution_id=execution.id, decision=execution.decision)
        else:
            _log(execution, build.failed)
        (recorder or self._recorder).add(execution)
        return execution

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
        codes: list[bytes] = []
        kills: dict[int, trace.Kill] = {}
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                for index, rule in enumerate(rules):
                    code = b""
                    try:
                        code = await self._compiled.code(rule.sha256, lambda rule=rule: self._source(rule, scripts))  # type: ignore[misc]
                    except RuleRefused as refused:
                        error = StepError(code="rule_refused", message=f"it does not compile any more: {refused}")
                        kills[index] = trace.Kill(outcome="refused", error=error, seconds=0.0, events=[])
                    codes.append(code)
        except TimeoutError:
            raise Busy("the deadline came before the rules were compiled") from None
        ready = Ready(revision, hello, rules, codes, kills)
        if not scripts and not kills and self._live.known(revision.tenant) is revision:
            self._ready[revision.tenant] = ready
            if len(self._ready) > MOST_READY:
                self._ready.popitem(last=False)
        return ready

    async def _run(
        self, transaction: Transaction, user: bytes, ready: Ready, clock: int, seed: bytes, deadline: float
    ) -> Run:
        """Run the pipeline; a rule that has to be killed and may be skipped is left out of another attempt."""
        kills = dict(ready.refused)
        for index in kills:
            if ready.rules[index].on_failure != "skip":
                return Run(answer=None, journal=trace.NO_EVENTS, kills=kills, failed=index)
        while True:
            request = Request(
                key=ready.revision.tenant,
                user=user,
                context=transaction.context,
                rules=ready.codes,
                maps=TOKENS,
                returns=RETURNS,
                clock=clock,
                seed=seed,
                deadline=deadline,
                left_out=tuple(kills),
            )
            result = await self._pool.run(request)
            if isinstance(result, Answer):
                if result.invalid is not None:
                    _require_readable(transaction)
                    raise InvalidTransaction("$", result.invalid)
                skipped = tuple([index for index in result.skipped if 0 <= index < len(ready.rules)])
                return Run(answer=result, journal=result.journal, kills=kills, skipped=skipped)
            failed = self._killed(result, ready.rules, kills)
            if failed is not None:
                return Run(answer=None, journal=msgspec.Raw(result.journal), kills=kills, failed=failed)

    def _killed(self, result: Killed, rules: tuple[PipelineRule, ...], kills: dict[int, trace.Kill]) -> int | None:
        """Note a kill; answers the rule that decides the login, or None when it is to be skipped."""
        kill = trace.killed(result, self._pool.limits.rule_time * 1000)
        index = result.step
        if index is None or index in kills:
            # A worker that lies about where it was: nobody can be skipped for it.
            index = next(i for i in range(len(rules)) if i not in kills)
            kills[index] = kill
            return index
        kills[index] = kill
        denied = any(isinstance(event, journal.Deny) and event.step == index for event in kill.events)
        if denied or rules[index].on_failure != "skip" or result.cause == "deadline":
            return index
        return None

    async def _source(self, rule: PipelineRule, scripts: Mapping[str, str]) -> str:
        if rule.sha256 in scripts:
            return scripts[rule.sha256]
        stored = await self._store.scripts([rule.sha256])
        if rule.sha256 not in stored:
            # Its tenant was ended by another replica a moment ago: soon it is not found here either.
            raise Unavailable(f"the script of rule `{rule.id}` is not stored any more")
        return stored[rule.sha256]


def _log(execution: Execution, failed: Sequence[Step]) -> None:
    """A line for what an operator may have to look at. Without texts of rules or claims: those are in the record."""
    milliseconds = round(execution.seconds * 1000, 1)
    named = log.bind(execution_id=execution.id, tenant=execution.tenant, revision=execution.revision)
    for step in failed:
        if step.error is not None:
            named.warning(
                "rule failed", rule=step.rule, outcome=step.outcome, code=step.error.code, line=step.error.line
            )
    if execution.denial is not None:
        named.info("denied", error=execution.denial.error, rule=execution.denial.rule, ms=milliseconds)
    else:
        named.debug("decided", decision=execution.decision, ms=milliseconds)


class Builder:
    """Makes an execution out of what ran, under the claims policy."""

    def __init__(self, ready: Ready, view: ContextView, limit: int) -> None:
        self._ready = ready
        self._rules = ready.rules
        self._view = view
        self._limit = limit
        self._decision: Decision = "deny"
        self._tokens: dict[str, Claims] = {}
        self._scope: list[str] | None = None
        self._updates: dict[str, Claims | None] = dict.fromkeys(STORES)
        self._redirect: dict[str, JSON] | None = None
        self._multifactor: JSON = None
        self._denial: Denial | None = None
        self._notices: list[Notice] = []
        self._trace = NO_TRACE
        self.outcomes: Sequence[str] = ()  # of the rules that ran
        self.failed: Sequence[Step] = ()

    def note(self, code: str, message: str, rule: str | None = None, line: int | None = None) -> None:
        self._notices.append(Notice(code=code, message=message, rule=rule, line=line))

    def unchanged(self) -> None:
        """No rule ran: the claims are as they came in."""
        self._decision = "allow"
        self._tokens = {"idToken": self._view.idToken or {}, "accessToken": self._view.accessToken or {}}

    def from_run(self, run: Run) -> None:
        ready = self._ready
        self._trace = trace.Trace(rules=ready.ran, journal=run.journal, kills=run.kills, skipped=run.skipped)
        blame = trace.Blame(self._trace)
        policy = Policy(ready.revision.settings, self._limit, blame)
        if run.answer is not None and run.answer.calm and not run.kills:
            self.outcomes = ready.all_passed
            lost: Sequence[str] = ()
        else:
            lost = self._look_into(run, policy)
        try:
            if run.answer is None:
                self._deny_failed(run)
            else:
                self._take_answer(run.answer, lost, policy, blame)
        finally:
            self._notices.extend(policy.notices)

    def _look_into(self, run: Run, policy: Policy) -> Sequence[str]:
        """What became of the rules, with a notice for all that went wrong; the paths of what was no JSON."""
        steps = self._trace.steps()
        self.outcomes = [step.outcome for step in steps]
        self.failed = [step for step in steps if step.error is not None]
        refused = [event for event in self._trace.events() if isinstance(event, journal.Refuse)]
        policy.not_json(refused, [rule.name for rule in self._rules])
        self._note_failures()
        return [event.path for event in refused if event.step not in run.skipped]

    def execution(self, id: str, clock: int, seconds: float) -> Execution:
        allowed = self._decision == "allow"
        return Execution(
            id=id,
            tenant=self._ready.revision.tenant,
            revision=self._ready.revision.number,
            decision=self._decision,
            idToken=self._tokens.get("idToken") if allowed else None,
            accessToken=self._tokens.get("accessToken") if allowed else None,
            updates=self._updates,
            redirect=self._redirect if self._decision == "redirect" else None,
            multifactor=self._multifactor if self._decision == "step_up" else None,
            denial=self._denial,
            scope=self._scope if allowed else None,
            warnings=tuple(self._notices),
            trace=self._trace,
            clock=EPOCH + timedelta(microseconds=clock // 1000),
            seconds=seconds,
        )

    def _note_failures(self) -> None:
        """A rule that was skipped, or whose claims were too large, is said in the answer too."""
        if not self.failed:
            return
        on_failure = {rule.id: rule.on_failure for rule in self._rules}
        for step in self.failed:
            if step.error is None:
                continue
            if step.error.code == "claims_too_large":
                self.note("too_large", step.error.message, step.rule, step.error.line)
            if on_failure[step.rule_id] == "skip" and step.outcome != "denied":
                text = f"the rule was skipped, and what it did undone: {step.outcome} ({step.error.code})"
                self.note("rule_skipped", text, step.rule, step.error.line)

    def _deny_failed(self, run: Run) -> None:
        """The pipeline ended in a rule that was killed or refused; a denial it had made before still stands."""
        index = run.failed or 0
        kill = run.kills[index]
        rule = self._rules[index].name
        for event in kill.events:
            if isinstance(event, journal.Deny) and event.step == index and event.kind != "server_error":
                self._denial = Denial(error=event.kind, description=event.text, rule=rule)
                return
        self._denial = Denial(error="server_error", description=RULE_FAILED, rule=rule)

    def _take_answer(self, answer: Answer, lost: Sequence[str], policy: Policy, blame: trace.Blame) -> None:
        for store in STORES:
            self._updates[store] = answer.updates.get(store)
        if answer.denial is not None:
            index = answer.denial.step
            rule = self._rules[index].name if 0 <= index < len(self._rules) else None
            failed = answer.denial.kind == "server_error"
            text = RULE_FAILED if failed else answer.denial.text
            self._denial = Denial(error=answer.denial.kind, description=text, rule=rule)
            return
        returns = answer.returns
        if not all(isinstance(returns.get(token), dict) for token in TOKENS):
            self._denial = Denial(error="server_error", description=RULE_FAILED)
            return
        if self._interaction(returns.get("redirect"), returns.get("multifactor"), blame):
            return
        if self._interaction_lost(lost, blame):
            return
        before = {"idToken": self._view.idToken or {}, "accessToken": self._view.accessToken or {}}
        try:
            for token in TOKENS:
                self._tokens[token], scope = policy.apply(token, before[token], returns[token])
                self._scope = self._scope or scope
        except ClaimsTooLarge:
            self._denial = Denial(error="server_error", description="the login could not be decided: too many claims")
            return
        self._decision = "allow"

    def _interaction(self, redirect: JSON, multifactor: JSON, blame: trace.Blame) -> bool:
        """Whether the person has to do something first, or would have to and cannot.

        Where rules ask for both, the redirect goes first: on its return all rules run again, and ask for the
        second factor then.
        """
        if redirect and self._view.protocol != "redirect-callback":
            rule = blame.of("/context/redirect")[0]
            url = redirect.get("url") if isinstance(redirect, dict) else None
            if not isinstance(url, str) or not url:
                text = "the login could not be decided: a redirect without a `url`"
                self._denial = Denial(error="server_error", description=text, rule=rule)
            elif self._view.protocol in NO_INTERACTION or self._silent():
                text = "the login needs a redirect, which is not possible here"
                self._denial = Denial(error="interaction_required", description=text, rule=rule)
            else:
                self._decision, self._redirect = "redirect", {"url": url}
            return True
        if multifactor:
            if isinstance(multifactor, dict):
                self._decision, self._multifactor = "step_up", multifactor
            else:
                text = "the login could not be decided: `context.multifactor` is not an object"
                self._denial = Denial(error="server_error", description=text, rule=blame.of("/context/multifactor")[0])
            return True
        return False

    def _interaction_lost(self, lost: Sequence[str], blame: trace.Blame) -> bool:
        """Whether a redirect or second factor was asked for with a value that is not JSON, and taken out: `lost` are
        the paths of all such.

        It stood between the person and the token, so the login must not go on without it.
        """
        for path in lost:
            name = next((name for name in ("redirect", "multifactor") if _is_under(path, f"/context/{name}")), None)
            if name is None or (name == "redirect" and self._view.protocol == "redirect-callback"):
                continue
            text = f"the login could not be decided: `context.{name}` is not JSON"
            rule = blame.of(f"/context/{name}")[0]
            self._denial = Denial(error="server_error", description=text, rule=rule)
            return True
        return False

    def _silent(self) -> bool:
        """Whether the client asked for no interaction (OpenID Connect Core, 3.1.2.1: `prompt` is a list of words)."""
        try:
            request = msgspec.json.decode(self._view.request, type=RequestView | None)
        except msgspec.DecodeError:
            return False
        prompt = (request.query or {}).get("prompt") if request else None
        return "none" in (prompt.split() if isinstance(prompt, str) else prompt if isinstance(prompt, list) else ())


def _is_under(path: str, place: str) -> bool:
    return path == place or path.startswith(place + "/")


def _view(transaction: Transaction) -> ContextView:
    if transaction.user is not None and not transaction.user.lstrip().startswith(b"{"):
        raise InvalidTransaction("$.user", "expected an object or null")
    return _read("$.context", transaction.context, _context_view)


def _require_readable(transaction: Transaction) -> None:
    """Read all of `user` and `context`, with the place of what cannot be read (a number beyond all bounds)."""
    _read("$.user", transaction.user or b"null", _anything)
    _read("$.context", transaction.context, _anything)


def _read(place: str, text: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise InvalidTransaction(place + path.rstrip("`"), message[:1].lower() + message[1:]) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidTransaction(place, str(error)) from None
