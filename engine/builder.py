"""Makes an execution out of what ran, under the claims policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from engine import trace
from engine.calls.reach import NO_REACH, Reach
from engine.capability import TOKENS, Capability, Token
from engine.carrier import Carrier
from engine.claims import ClaimsTooLarge, Policy
from engine.execution import Execution
from engine.masking import Masking
from engine.models import JSON, Claims, Decision, Denial, Ended, Notice, Step, Transaction
from engine.ready import Ready
from engine.trace import NO_EVENTS
from engine.transaction import ContextView, RequestView
from sandbox import journal
from sandbox.wire import Answer

STORES = ("user_metadata", "app_metadata")
NO_TRACE = trace.Trace()

# Flows without a browser to send anywhere (Auth0 Rules: redirect users, "limitations").
NO_BROWSER = frozenset(
    {"oauth2-password", "oauth2-refresh-token", "oauth2-resource-owner", "oauth2-resource-owner-jwt-bearer"}
)
# And of these the one without anybody who could give a second factor. With a password somebody is there: whether their
# application can ask them for a code (as with Auth0's `mfa_required` and its API) is the issuer's to know.
NOBODY = frozenset({"oauth2-refresh-token"})
# Fields of `context` by which rules told Auth0 what to do.
NO_EFFECT = {
    "samlConfiguration": "what a SAML response says is the issuer's to configure",
    "jwtConfiguration": "keys are the issuer's to configure, and how long a token lives is `context.lifetime`",
    "primaryUser": "accounts are linked by the issuer",
}
UNWISE = ("restricted_claim", "not_namespaced")
RULE_FAILED = "the login could not be decided: a rule failed"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of the sandbox, whole or in pieces."""

    answer: Answer | None
    journal: msgspec.Raw
    kills: dict[int, trace.Kill]
    skipped: tuple[int, ...] = ()
    failed: int | None = None  # the rule that ended it without an answer
    unmet: dict[int, str] = {}  # why rules did not run, whose conditions were not met


class Builder:
    """Makes an execution out of what ran, under the claims policy."""

    def __init__(
        self, ready: Ready, view: ContextView, limit: int, capability: Capability | None = None, user: bool = True
    ) -> None:
        """What `capability` cannot carry is left out of the execution, with a notice. `user` says whether there is one,
        who could be sent to a page."""
        self._capability = capability
        self._user = user
        self._ready = ready
        self._rules = ready.rules
        self._view = view
        self._limit = limit
        self._decision: Decision = "deny"
        self._tokens: dict[str, Claims] = {}
        self._scope: list[str] | None = None
        self._lifetime: dict[Token, int] = {}
        self._updates: dict[str, Claims | None] = dict.fromkeys(STORES)
        self._redirect: dict[str, JSON] | None = None
        self._multifactor: JSON = None
        self._denial: Denial | None = None
        self._notices: list[Notice] = []
        self._trace = NO_TRACE
        self.outcomes: Sequence[str] = ()  # of the rules that ran
        self.failed: Sequence[Step] = ()
        self.ran: tuple[str, ...] = ()  # ids and names of those
        self._ended: tuple[tuple[Ended, str, str], ...] = ()
        self.times: Sequence[int] = ()  # of all rules, in microseconds; 0: it did not run
        self._timeline = NO_EVENTS
        self._reach = NO_REACH

    def note(self, code: str, message: str, rule: str | None = None, line: int | None = None) -> None:
        self._notices.append(Notice(code=code, message=message, rule=rule, line=line))

    def unchanged(self) -> None:
        """No rule ran: the claims are as they came in."""
        self._decision = "allow"
        self._tokens = {"idToken": self._view.idToken or {}, "accessToken": self._view.accessToken or {}}

    def from_run(self, run: Run, reach: Reach = NO_REACH) -> None:
        """`reach` is what its rules could ask for."""
        ready = self._ready
        self._reach = reach
        self._timeline = NO_EVENTS if run.answer is None else run.answer.timeline
        self._trace = trace.Trace(
            rules=ready.ran,
            journal=run.journal,
            kills=run.kills,
            skipped=run.skipped,
            calls=reach.calls,
            unmet=run.unmet,
        )
        blame = trace.Blame(self._trace)
        policy = Policy(ready.revision.settings, self._limit, blame)
        carrier = None if self._capability is None else Carrier(self._capability, blame)
        if run.answer is not None and run.answer.calm and not run.kills:
            self.outcomes, self.ran = ready.when_passed(run.unmet)
            self.times = run.answer.times
            lost: Sequence[str] = ()
        else:
            lost = self._look_into(run, policy)
        try:
            if run.answer is None:
                self._deny_failed(run)
            else:
                self._take_answer(run.answer, lost, policy, carrier, blame)
        finally:
            left_out = {notice.claim for notice in carrier.notices} if carrier is not None else ()
            # That one was set, though unwise, is not so where it was left out.
            self._notices += [one for one in policy.notices if one.code not in UNWISE or one.claim not in left_out]
            self._notices += () if carrier is None else carrier.notices
        self._note_secrets(reach.masking, reach.hidden, blame)
        self._note_effectless(bytes(run.journal), blame)

    def _look_into(self, run: Run, policy: Policy) -> Sequence[str]:
        """What became of the rules, with a notice for all that went wrong; the paths of what was no JSON."""
        steps = self._trace.steps()
        self.outcomes = [step.outcome for step in steps]
        times = {step.rule_id: round(step.ms * 1000) for step in steps}
        self.times = [times.get(rule.id, 0) for rule in self._rules]
        self.ran = tuple(word for step in steps if step.outcome != "skipped" for word in (step.rule_id, step.rule))
        self.failed = [step for step in steps if step.error is not None]
        self._ended = tuple((word, step.rule_id, step.rule) for step in steps for word in _ended(step))
        refused = [event for event in self._trace.events() if isinstance(event, journal.Refuse)]
        policy.not_json(refused, [rule.name for rule in self._rules])
        self._note_failures()
        return [event.path for event in refused if event.step not in run.skipped]

    def execution(self, id: str, transaction: Transaction, clock: int, seed: bytes, seconds: float) -> Execution:
        allowed = self._decision == "allow"
        return Execution(
            id=id,
            tenant=self._ready.revision.tenant,
            transaction=transaction,
            engine=self._ready.engine,
            revision=self._ready.revision.number,
            decision=self._decision,
            idToken=self._tokens.get("idToken") if allowed else None,
            accessToken=self._tokens.get("accessToken") if allowed else None,
            updates=self._updates,
            redirect=self._redirect if self._decision == "redirect" else None,
            multifactor=self._multifactor if self._decision == "step_up" else None,
            denial=self._denial,
            scope=self._scope if allowed else None,
            lifetime=self._lifetime if allowed else {},
            warnings=tuple(self._notices),
            trace=self._trace,
            ran=self.ran,
            ended=self._ended,
            failed=bool(self.failed),
            timeline=self._timeline,
            configuration=self._reach.number,
            unrecorded=self._reach.unrecorded,
            masking=self._reach.hidden,
            clock=clock,
            seed=seed,
            seconds=seconds,
        )

    def _note_secrets(self, masking: Masking, hidden: Masking, blame: trace.Blame) -> None:
        """A claim that holds a value of the configuration goes to whoever has the token, which is seldom meant; but no
        notice says it."""
        if not masking:
            return
        for token in TOKENS if self._decision == "allow" else ():
            for claim, value in self._tokens[token].items():
                if masking.holds({claim: value}):
                    name = hidden.text(claim)  # as the journal has it, too
                    rule, line = blame.of(journal.pointer(("context", token, name)))
                    text = f"`{token}` has a value of the configuration in the claim `{name}`"
                    self._notices.append(Notice(code="secret_in_claim", message=text, claim=name, rule=rule, line=line))
        if hidden:
            self._notices = [
                msgspec.structs.replace(notice, message=hidden.text(notice.message), claim=hidden.value(notice.claim))
                for notice in self._notices
            ]

    def _note_effectless(self, text: bytes, blame: trace.Blame) -> None:
        """A rule that writes what had an effect at Auth0 and has none here is told so."""
        for field, effect in NO_EFFECT.items():
            path = f"/context/{field}"
            if path.encode() in text:
                rule, line = blame.of(path)
                if rule is not None:
                    self.note(
                        "no_effect", f"`context.{field}` was changed, which has no effect here: {effect}", rule, line
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

    def _take_answer(
        self, answer: Answer, lost: Sequence[str], policy: Policy, carrier: Carrier | None, blame: trace.Blame
    ) -> None:
        for store in STORES:
            self._updates[store] = answer.updates.get(store)
        if carrier is not None:
            self._updates = carrier.updates(self._updates)
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
            self._lifetime = policy.lifetime(self._view.lifetime, returns.get("lifetime"))
            if carrier is not None:
                self._tokens = carrier.claims(before, self._tokens)
                self._scope, self._lifetime = carrier.scope(self._scope), carrier.lifetime(self._lifetime)
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
            elif self._view.protocol in NO_BROWSER or self._silent() or self._deaf():
                text = "the login needs a redirect, which is not possible here"
                self._denial = Denial(error="interaction_required", description=text, rule=rule)
            else:
                self._decision, self._redirect = "redirect", {"url": url}
            return True
        if multifactor:
            rule = blame.of("/context/multifactor")[0]
            if not isinstance(multifactor, dict):
                text = "the login could not be decided: `context.multifactor` is not an object"
                self._denial = Denial(error="server_error", description=text, rule=rule)
            elif self._view.protocol in NOBODY or self._silent() or self._deaf():
                text = "the login needs a second factor, which is not possible here"
                self._denial = Denial(error="interaction_required", description=text, rule=rule)
            else:
                self._decision, self._multifactor = "step_up", multifactor
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

    def _deaf(self) -> bool:
        """Whether nobody is there, or the issuer cannot be told to do anything but issue or refuse."""
        return not self._user or (self._capability is not None and not self._capability.interaction)

    def _silent(self) -> bool:
        """Whether the client asked for no interaction (OpenID Connect Core, 3.1.2.1: `prompt` is a list of words)."""
        try:
            request = msgspec.json.decode(self._view.request, type=RequestView | None)
        except msgspec.DecodeError:
            return False
        prompt = (request.query or {}).get("prompt") if request else None
        return "none" in (prompt.split() if isinstance(prompt, str) else prompt if isinstance(prompt, list) else ())


def _ended(step: Step) -> Iterator[Ended]:
    if step.outcome != "passed" and step.outcome != "skipped":
        yield step.outcome
    if step.error is not None:
        yield "failed"


def _is_under(path: str, place: str) -> bool:
    return path == place or path.startswith(place + "/")
