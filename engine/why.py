"""Why a claim is in a token, or is not: from the record, and from what the rules' scripts say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.evidence import MISSING, Chapter, Evidence, folded
from engine.models import JSON, PipelineRule, Revision
from engine.protected import PROTECTED, RESTRICTED
from engine.record import Record
from sandbox import journal
from sandbox.journal import parts_of, pointer
from sandbox.wire import Guard, Outline, Setting

MOST_SHOWN = 80  # characters of a value in a sentence

# Why a claim may be missing, the strongest reason first; what each means is said in docs/records.md.
REASONS = {
    "no_user": "the login has no user, so no rule ran",
    "not_issued": "the issuer's call was not about that token",
    "denied": "the login was denied, and there is no token",
    "redirected": "the login was sent elsewhere first, and there is no token yet",
    "stepped_up": "the login asks for a second factor first, and there is no token yet",
    "protected": "only the issuer may set a claim of this name",
    "restricted": "the name is reserved by a specification, and the tenant is strict about that",
    "scope_refused": "the scope may not be changed here, or not to this",
    "not_json": "the value was no JSON, and was taken out",
    "not_carried": "the issuer's protocol cannot carry it",
    "rolled_back": "it was set by a rule that failed later and was undone",
    "removed": "it was there, and a rule has removed it",
    "raised_before": "the rule that sets it failed before it came to that line",
    "ended_before": "the rule that sets it was ended, for time or memory, before it came to that line",
    "branch": "the rule that sets it took another way: a condition was not as needed",
    "returned_before": "the rule that sets it returned before",
    "nothing_to_go_through": "the rule that sets it does so in a loop that had nothing to go through",
    "another_case": "the rule that sets it does so in another case of a `match`",
    "nothing_failed": "the rule that sets it does so only when something fails",
    "not_reached": "the rule that sets it has not come to that line",
    "ran_before_input": "the rule that sets it ran before the one that provides what it needs",
    "rule_disabled": "the rule that sets it is disabled",
    "conditions_unmet": "the rule that sets it runs only for other logins",
    "rule_not_run": "the rule that sets it did not run, since the login was decided before",
    "not_deployed": "a rule that would set it is saved, and was not live then",
    "other_token": "it is in the other token",
    "other_name": "the token has a claim of a like name",
    "on_user": "something of a like name stands on `user`, which reaches no token",
    "in_context": "something of a like name stands elsewhere in `context`, which reaches no token",
    "computed_name": "a rule sets claims under names that it computes, and this was none of them",
    "no_rules": "the tenant has no rules that run",
    "never_set": "no rule set it in this login",
}
ORDER = {code: place for place, code in enumerate(REASONS)}
OF_WARNING = {
    "protected_claim": "protected",
    "restricted_claim": "restricted",
    "scope_refused": "scope_refused",
    "not_json": "not_json",
    "claim_reserved": "not_carried",
    "claim_not_added": "not_carried",
    "value_not_carried": "not_carried",
}
OTHER = {"idToken": "accessToken", "accessToken": "idToken"}
WAYS = {
    "if": "branch",
    "while": "branch",
    "for": "nothing_to_go_through",
    "match": "another_case",
    "except": "nothing_failed",
    "return": "returned_before",
    "raise": "returned_before",
}
REACHES = "only what stands on `context.idToken` or `context.accessToken` reaches a token"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    rule: str | None = None
    line: int | None = None
    text: str


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """`history` are the writes of the claim in order. Where it is `present` there are no reasons; else all that apply,
    the strongest first."""

    token: str
    claim: str
    present: bool
    value: JSON = None
    history: tuple[Chapter, ...]
    reasons: tuple[Reason, ...] = ()


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the record: the revision that decided, the tenant's rules as they are saved now, sources and
    outlines of both by SHA-256. `lines` are those that ran, by the places of the rules; None where nobody can tell."""

    revision: Revision
    saved: tuple[PipelineRule, ...]
    sources: Mapping[str, str]
    outlines: Mapping[str, Outline]
    lines: Mapping[int, frozenset[int]] | None = None


def why(record: Record, known: Known, claim: str, token: str) -> Why:
    """The answer for one claim of one token."""
    by_id = {rule.id: known.sources.get(rule.sha256, "") for rule in known.revision.rules}
    evidence = Evidence(record, by_id)
    claims = getattr(record, token) or {}
    history = tuple(evidence.history(("context", token, claim)))
    if claim in claims:
        return Why(token=token, claim=claim, present=True, value=claims[claim], history=history)
    found = _Search(evidence, known, claim, token, history)
    reasons = sorted({(reason.code, reason.rule, reason.line): reason for reason in found.all()}.values(), key=_rank)
    return Why(token=token, claim=claim, present=False, history=history, reasons=tuple(reasons))


def _rank(reason: Reason) -> tuple[int, str, int]:
    return ORDER[reason.code], reason.rule or "", reason.line or 0


class _Search:
    def __init__(self, evidence: Evidence, known: Known, claim: str, token: str, history: tuple[Chapter, ...]) -> None:
        self._evidence = evidence
        self._record = evidence.record
        self._known = known
        self._claim = claim
        self._token = token
        self._history = history
        self._steps = {step.rule_id: step for step in self._record.trace.steps()}

    def all(self) -> Iterator[Reason]:
        yield from self._decision()
        found = [*self._refused(), *self._gone(), *self._rules()]
        elsewhere = [*self._elsewhere()]
        yield from found
        yield from elsewhere
        if not found:
            yield from self._never()
        if not self._history:
            text = f"no rule set `{self._claim}` on `context.{self._token}` in this login"
            yield Reason(code="never_set", text=text)

    def _decision(self) -> Iterator[Reason]:
        record = self._record
        if record.decision == "redirect":
            yield Reason(code="redirected", text="the login was sent to another page first: there is no token yet")
        elif record.decision == "step_up":
            yield Reason(code="stepped_up", text="the login asks for a second factor first: there is no token yet")
        elif record.denial is not None:
            rule, place = record.denial.rule, None
            step = next((step for step in record.trace.steps() if step.rule == rule), None)
            if step is not None and step.error is not None:
                place = step.error.line
            by = f" by rule `{rule}`{_at_line(place)}" if rule else ""
            why = step.error.message if step is not None and step.error is not None else record.denial.description
            yield Reason(code="denied", rule=rule, line=place, text=f"the login was denied{by}: {why}")
        if any(notice.code == "no_user" for notice in record.warnings):
            text = "the login has no user (client credentials), and no rule has `without_user` in its conditions"
            yield Reason(code="no_user", text=text)
        able = record.capability
        if able is not None and self._token not in able.tokens:
            about = " and ".join(f"`{token}`" for token in able.tokens) or "no token"
            text = f"this call of {able.issuer} was about {about}: `context.{self._token}` goes nowhere"
            yield Reason(code="not_issued", text=text)

    def _refused(self) -> Iterator[Reason]:
        for notice in self._record.warnings:
            code = OF_WARNING.get(notice.code)
            if (
                code is not None
                and notice.claim == self._claim
                and (notice.rule is None or self._of_token(notice.line))
            ):
                by = f"rule `{notice.rule}`{_at_line(notice.line)} has tried to set it: " if notice.rule else ""
                yield Reason(code=code, rule=notice.rule, line=notice.line, text=by + notice.message)

    def _of_token(self, line: int | None) -> bool:
        """Whether a notice may be about this token: it does not say so itself, but the writes at its line do."""
        events = (journal.Write, journal.Refuse)
        paths = {event.path for event in self._evidence.events if isinstance(event, events) and event.line == line}
        other = pointer(("context", OTHER[self._token], self._claim))
        return pointer(("context", self._token, self._claim)) in paths or other not in paths

    def _gone(self) -> Iterator[Reason]:
        """It was there, and is not any more."""
        undone = [chapter for chapter in self._history if chapter.rolled_back and chapter.op != "remove"]
        done = [chapter for chapter in self._history if not chapter.rolled_back]
        if done and (done[-1].op == "remove" or not _holds(done[-1], self._token, self._claim)):
            last = done[-1]
            before = next((chapter for chapter in reversed(done[:-1]) if chapter.op != "remove"), None)
            set_by = f"rule `{before.rule}` set it in line {before.line}" if before else "it came with the login"
            text = f"{set_by}, and rule `{last.rule}` has removed it in line {last.line}: {_code(last.source)}"
            yield Reason(code="removed", rule=last.rule, line=last.line, text=text)
        for chapter in undone[-1:]:
            step = next((step for step in self._record.trace.steps() if step.rule == chapter.rule), None)
            failed = f"{step.outcome}{_at_line(step.error.line)}: {step.error.message}" if step and step.error else ""
            text = f"rule `{chapter.rule}` set it in line {chapter.line}, and was undone when it failed ({failed})"
            yield Reason(code="rolled_back", rule=chapter.rule, line=chapter.line, text=text)

    def _rules(self) -> Iterator[Reason]:
        """Statements that would set it, and have not."""
        ran = self._evidence.ran()
        places = {rule.id: index for index, rule in enumerate(self._evidence.rules)}
        for rule in self._known.revision.rules:
            place = places.get(rule.id)
            for setting in self._settings(rule.sha256):
                if not rule.enabled:
                    text = f"rule `{rule.name}` sets it in line {setting.line}, and is disabled: enable it"
                    yield Reason(code="rule_disabled", rule=rule.name, line=setting.line, text=text)
                elif place in self._record.trace.unmet:
                    reason = self._record.trace.unmet[place]
                    text = f"rule `{rule.name}` sets it in line {setting.line}, and was skipped: {reason}"
                    yield Reason(code="conditions_unmet", rule=rule.name, line=setting.line, text=text)
                elif place is None or place not in ran:
                    text = f"rule `{rule.name}` sets it in line {setting.line}, and did not run: "
                    text += "the login was decided before"
                    yield Reason(code="rule_not_run", rule=rule.name, line=setting.line, text=text)
                else:
                    yield from self._not_run(rule, place, setting)
        live = {rule.sha256 for rule in self._known.revision.rules}
        for rule in self._known.saved:
            if rule.sha256 not in live:
                for setting in self._settings(rule.sha256):
                    text = (
                        f"rule `{rule.name}` sets it in line {setting.line} of its version {rule.version}, which was "
                    )
                    text += f"not live at revision {self._known.revision.number}"
                    yield Reason(code="not_deployed", rule=rule.name, line=setting.line, text=text)

    def _settings(self, sha256: str) -> Iterator[Setting]:
        outline = self._known.outlines.get(sha256, Outline())
        for setting in outline.settings:
            if setting.op != "set" or setting.token != self._token or setting.claim is None:
                continue
            if setting.claim == self._claim or folded(setting.claim) == folded(self._claim):
                yield setting

    def _not_run(self, rule: PipelineRule, place: int, setting: Setting) -> Iterator[Reason]:
        """Why the rule, which ran, has not come to the line; nothing where it has."""
        lines = None if self._known.lines is None else self._known.lines.get(place)
        if lines is not None and setting.line in lines:
            return
        if lines is None and self._wrote_at(place, setting.line):
            return
        name, line = rule.name, setting.line
        sets = f"rule `{name}` sets it in line {line}"
        step = self._steps.get(rule.id)
        if step is not None and step.error is not None and (step.error.line or 0) <= line and lines is None:
            yield self._failed(rule, setting)
            return
        guard = None if lines is None else _unmet(setting, lines)
        if guard is not None:
            yield Reason(code=WAYS[guard.kind], rule=name, line=line, text=f"{sets}, but {self._told(place, guard)}")
            yield from self._late_input(rule, place, guard)
        elif step is not None and step.error is not None:
            yield self._failed(rule, setting)
        else:
            if step is not None and step.outcome == "denied":
                sets += ", and denied the login before it came there"
            needs = "; ".join(f"line {one.line}: {self._told(place, one)}" for one in setting.guards)
            yield Reason(
                code="not_reached", rule=name, line=line, text=f"{sets}, which did not run. {needs}".rstrip(". ")
            )

    def _failed(self, rule: PipelineRule, setting: Setting) -> Reason:
        step = self._steps[rule.id]
        assert step.error is not None, "asked only for a step that failed"
        measured = step.outcome in ("timed_out", "exhausted")
        text = f"rule `{rule.name}` sets it in line {setting.line}, and was {step.outcome}{_at_line(step.error.line)} "
        return Reason(
            code="ended_before" if measured else "raised_before",
            rule=rule.name,
            line=setting.line,
            text=f"{text}before it came there: {step.error.message}",
        )

    def _wrote_at(self, place: int, line: int) -> bool:
        return any(event.step == place and event.line == line for event in self._evidence.writes())

    def _told(self, place: int, guard: Guard) -> str:
        """A condition that was not met, in words, with the values in its test."""
        values = self._values(place, guard)
        given = f" ({values})" if values else ""
        what = {
            "if": f"the `if` in line {guard.line} was {'false' if guard.wanted else 'true'}: `{guard.test}`{given}",
            "while": f"the `while` in line {guard.line} was false: `{guard.test}`{given}",
            "for": f"the loop in line {guard.line} had nothing to go through: `{guard.test}`{given}",
            "match": f"the `match` in line {guard.line} took another case: `{guard.test}`{given}",
            "except": f"nothing failed in the `try` of line {guard.line}",
            "return": f"it had ended at the `if` in line {guard.line}: `{guard.test}`{given}",
            "raise": f"it had raised at the `if` in line {guard.line}: `{guard.test}`{given}",
        }
        return what[guard.kind]

    def _read(self, place: int, guard: Guard) -> list[str]:
        """What the test reads of `user` and `context`: the longest paths on its line."""
        id = self._evidence.rules[place].id  # noqa: A001
        sha256 = next((rule.sha256 for rule in self._known.revision.rules if rule.id == id), "")
        outline = self._known.outlines.get(sha256, Outline())
        paths = [read.path for read in outline.reads if read.line == guard.line]
        return [path for path in paths if not any(other.startswith(path + "/") for other in paths)]

    def _values(self, place: int, guard: Guard) -> str:
        told = []
        for path in self._read(place, guard):
            parts = parts_of(path)
            value = self._evidence.value(parts, place, guard.line)
            shown = "not there" if value is MISSING else _shown(value)
            told.append(f"`{'.'.join(parts)}` was {shown}")
        return ", ".join(told)

    def _late_input(self, rule: PipelineRule, place: int, guard: Guard) -> Iterator[Reason]:
        """What its condition needs is written, but by a rule that ran later."""
        for path in self._read(place, guard):
            later = next(
                (event for event in self._evidence.writes() if event.step > place and event.path.startswith(path)), None
            )
            if later is not None:
                other, dotted = self._evidence.rules[later.step].name, ".".join(parts_of(path))
                text = f"rule `{rule.name}` needs `{dotted}` in line {guard.line}, which rule `{other}` sets in line "
                text += f"{later.line}, later: let `{other}` run before `{rule.name}`"
                yield Reason(code="ran_before_input", rule=rule.name, line=guard.line, text=text)

    def _elsewhere(self) -> Iterator[Reason]:
        claim, token, other = self._claim, self._token, OTHER[self._token]
        tokens = {name: getattr(self._record, name) or {} for name in OTHER}
        if claim in tokens[other]:
            text = f"`context.{other}` has `{claim}`: set it on `context.{token}`, or look there"
            yield Reason(code="other_token", text=text)
        for name in tokens[token]:
            if folded(name) == folded(claim):
                text = f"`context.{token}` has `{name}`: a claim is looked for by its whole name"
                yield Reason(code="other_name", text=text)
        seen = set()
        for path, place, line in self._evidence.like(claim):
            at = path[:2]
            if at in (("context", "idToken"), ("context", "accessToken")) or path in seen:
                continue
            seen.add(path)
            dotted = ".".join(map(str, path))
            rule = None if place is None else self._evidence.rules[place].name
            by = f"was set by rule `{rule}` in line {line}" if rule else "came with the login"
            own = claim not in RESTRICTED and claim not in PROTECTED
            name = claim if own else f"https://example.com/{claim}"  # the plain one is not the rule's to take
            to_do = f'copy it in a rule that runs later: `context.{token}["{name}"] = {dotted}`'
            code = "on_user" if path[0] == "user" else "in_context"
            yield Reason(code=code, rule=rule, line=line or None, text=f"`{dotted}` {by}; {REACHES}: {to_do}")

    def _never(self) -> Iterator[Reason]:
        if not any(rule.enabled for rule in self._known.revision.rules):
            yield Reason(code="no_rules", text=f"revision {self._known.revision.number} has no rule that is enabled")
        for rule in self._known.revision.rules:
            outline = self._known.outlines.get(rule.sha256, Outline())
            for setting in outline.settings:
                if rule.enabled and setting.op == "set" and setting.claim is None and setting.token == self._token:
                    text = f"rule `{rule.name}` sets claims under names that it computes, in line {setting.line}: "
                    text += f"{_code(setting.text)}. `{self._claim}` was none of them"
                    yield Reason(code="computed_name", rule=rule.name, line=setting.line, text=text)


def _holds(chapter: Chapter, token: str, claim: str) -> bool:
    """Whether the claim was there after a write."""
    if chapter.path == pointer(("context", token)):
        return isinstance(chapter.new, dict) and claim in chapter.new
    return True


def _unmet(setting: Setting, lines: frozenset[int]) -> Guard | None:
    """The outermost condition that was come to and not met."""
    inside = [*setting.guards[1:], None]
    for guard, inner in zip(setting.guards, inside[: len(setting.guards)], strict=True):
        if guard.line in lines and (inner is None or inner.line not in lines):
            return guard
    return None


def _at_line(line: int | None) -> str:
    return f" in line {line}" if line else ""


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 3] + "..."
