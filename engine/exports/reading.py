"""A tenant's section of an export, read as hostile input: every line strictly, and what each says about others checked.

What is read so can be put into a store. Whether its scripts compile is not asked here, nor what its secrets are.
"""

from __future__ import annotations

import hashlib
from typing import TypeVar

import msgspec
from msgspec import UNSET

from engine.cases import InvalidCases, kept_cases
from engine.exports.lines import (
    FORMAT,
    LONGEST_LINE,
    CasesLine,
    ConfigurationLine,
    EndLine,
    HookSecretLine,
    Line,
    ModuleEntry,
    ModuleLine,
    RevisionLine,
    RuleEntry,
    RuleLine,
    SecretsLine,
    ShadowLine,
    TenantLine,
    VersionLine,
)
from engine.hook_secrets import MOST
from engine.library import sha256
from engine.models import ModuleVersion, PipelineModule, PipelineRule, Revision, RuleVersion, Tenant
from engine.store import configurations
from engine.store.cases import KeptCases
from engine.store.configurations import SealedSet
from engine.store.content import Content, KeptRule
from engine.store.deltas import Delta, applied
from engine.store.hook_secrets import SealedSecret
from engine.store.shadows import Shadow
from sandbox.limits import DEFAULT

T = TypeVar("T")

LONGEST_MESSAGE = 300
_LINE: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)

# Each kind of line, in the order they come; those with the same number in any.
PLACES: dict[type, int] = {
    TenantLine: 0,
    ModuleLine: 1,
    RuleLine: 2,
    VersionLine: 2,
    CasesLine: 2,
    RevisionLine: 3,
    ConfigurationLine: 4,
    HookSecretLine: 5,
    ShadowLine: 6,
    SecretsLine: 7,
    EndLine: 8,
}
ONCE = (TenantLine, ConfigurationLine, ShadowLine, SecretsLine, EndLine)


class BadExport(Exception):
    """What is no section, or no whole one; `line` is its number, from 1, where one is to blame."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.message = message
        self.line = line


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant. Its secrets are named only; their values are in `secrets`, which were sealed with `about`."""

    content: Content
    secrets: SecretsLine | None
    about: bytes


class _Head(msgspec.Struct, frozen=True):
    """What the first line of every format has."""

    kind: str
    format: int


class Reader:
    """Takes the lines of a section, each with its end. `first` is the number of the first."""

    def __init__(self, first: int = 1) -> None:
        self._number = first - 1
        self._count = 0
        self._digest = hashlib.sha256()
        self._about = b""
        self._place = 0
        self._tenant: Tenant | None = None
        self._modules: dict[tuple[str, int], ModuleVersion] = {}
        self._rules: dict[str, KeptRule] = {}
        self._versions: dict[tuple[str, int], RuleVersion] = {}
        self._cases: dict[str, KeptCases] = {}
        self._revisions: list[Delta] = []
        self._live: Revision | None = None
        self._configuration: SealedSet | None = None
        self._hook_secrets: dict[tuple[str, str], SealedSecret] = {}
        self._shadow: Shadow | None = None
        self._secrets: SecretsLine | None = None
        self.ended = False

    def take(self, text: bytes) -> None:
        """The next line. Raises `BadExport`."""
        self._number += 1
        if self.ended:
            raise self._bad("the section has ended already")
        if len(text) > LONGEST_LINE:
            raise self._bad(f"longer than {LONGEST_LINE} bytes")
        if not text.endswith(b"\n"):
            raise self._bad("the file ends here, in the middle of a line")
        if self._count == 0:
            require_format(text, "tenant", self._number)
        line = decoded(text, _LINE, self._number)
        place = PLACES[type(line)]
        if self._count == 0 and not isinstance(line, TenantLine):
            raise self._bad("a section begins with a line `tenant`")
        if place < self._place or (place == self._place and isinstance(line, ONCE) and self._count):
            raise self._bad("this kind of line does not come here")
        self._place = place
        if isinstance(line, SecretsLine):
            self._about = self._digest.digest()
        try:
            self._put(line)
        except ValueError as error:
            raise self._bad(str(error)) from None
        self._count += 1
        self._digest.update(text)

    def section(self) -> Section:
        """What was read. Raises `BadExport` where it is not whole."""
        if not self.ended:
            raise BadExport(f"the file ends behind line {self._number}, where more has to come: it is not whole")
        assert self._tenant is not None
        assert self._live is not None
        content = Content(
            tenant=self._tenant,
            rules=tuple(self._rules.values()),
            versions=tuple(self._versions.values()),
            cases=tuple(self._cases.values()),
            modules=tuple(self._modules.values()),
            revisions=tuple(self._revisions),
            live=self._live,
            configuration=self._configuration,
            hook_secrets=tuple(self._hook_secrets.values()),
            shadow=self._shadow,
        )
        return Section(content=content, secrets=self._secrets, about=self._about)

    def _bad(self, message: str) -> BadExport:
        return BadExport(message, self._number)

    def _put(self, line: Line) -> None:
        match line:
            case TenantLine():
                self._tenant = Tenant(id=line.tenant, created_at=line.created_at)
            case ModuleLine():
                self._put_module(line)
            case RuleLine():
                if line.saved.id in self._rules:
                    raise ValueError(f"the rule `{line.saved.id}` stands twice")
                saved = PipelineRule(**msgspec.structs.asdict(line.saved))
                self._rules[saved.id] = KeptRule(
                    saved=saved, created_at=line.created_at, updated_at=line.updated_at, deleted=line.deleted
                )
            case VersionLine():
                self._put_version(line)
            case CasesLine():
                self._put_cases(line)
            case RevisionLine():
                self._put_revision(line)
            case ConfigurationLine():
                self._put_configuration(line)
            case HookSecretLine():
                self._put_hook_secret(line)
            case ShadowLine():
                self._put_shadow(line)
            case SecretsLine():
                self._secrets = line
            case EndLine():
                self._end(line)

    def _put_module(self, line: ModuleLine) -> None:
        _require_script(line.script, line.sha256)
        last = next(reversed(self._modules), ("", 0))
        _require_behind((line.name, line.number), last)
        self._modules[line.name, line.number] = ModuleVersion(
            name=line.name,
            number=line.number,
            script=line.script,
            sha256=line.sha256,
            created_at=line.created_at,
            created_by=line.created_by,
        )

    def _put_version(self, line: VersionLine) -> None:
        _require_script(line.script, line.sha256)
        if not self._rules or line.rule != next(reversed(self._rules)):
            raise ValueError(f"a version of `{line.rule}` has to stand below that rule")
        last = next(reversed(self._versions), ("", 0))
        if last[0] == line.rule:
            _require_behind((line.rule, line.number), last)
        self._versions[line.rule, line.number] = RuleVersion(
            rule_id=line.rule,
            number=line.number,
            script=line.script,
            sha256=line.sha256,
            created_at=line.created_at,
            created_by=line.created_by,
        )

    def _put_cases(self, line: CasesLine) -> None:
        if not self._rules or line.rule != next(reversed(self._rules)) or line.rule in self._cases:
            raise ValueError(f"the cases of `{line.rule}` have to stand below that rule, once")
        if self._rules[line.rule].deleted:
            raise ValueError(f"the rule `{line.rule}` is deleted, and has cases")
        try:
            count = len(kept_cases(line.text.encode()).cases)
        except (InvalidCases, UnicodeEncodeError) as error:
            raise ValueError(f"the cases of `{line.rule}`: {error}"[:LONGEST_MESSAGE]) from None
        if count == 0:
            raise ValueError(f"the cases of `{line.rule}` are none")
        self._cases[line.rule] = KeptCases(
            rule_id=line.rule, text=line.text, count=count, updated_at=line.updated_at, updated_by=line.updated_by
        )

    def _put_revision(self, line: RevisionLine) -> None:
        assert self._tenant is not None
        expected = 1 if self._live is None else self._live.number + 1
        if line.number != expected:
            raise ValueError(f"revision `{line.number}` stands where `{expected}` has to")
        if line.restores is not None and line.restores >= line.number:
            raise ValueError(f"revision `{line.number}` cannot restore `{line.restores}`")
        delta = Delta(
            number=line.number,
            created_at=line.created_at,
            created_by=line.created_by,
            restores=line.restores,
            message="" if line.message is UNSET else line.message,
            rules=self._known_rules(line.rules),
            order=None if line.order is UNSET else line.order,
            settings=None if line.settings is UNSET else line.settings,
            modules=None if line.modules is UNSET else self._known_modules(line.modules),
        )
        self._live = applied(self._live, delta, self._tenant.id)
        self._revisions.append(delta)

    def _put_configuration(self, line: ConfigurationLine) -> None:
        assert self._tenant is not None
        if len({one.key for one in line.values}) < len(line.values):
            raise ValueError("a name stands twice in the configuration")
        self._configuration = SealedSet(
            tenant=self._tenant.id,
            number=line.number,
            entries=tuple(configurations.Entry(**msgspec.structs.asdict(one)) for one in line.values),
            sealed=b"",
            created_at=line.created_at,
            created_by=line.created_by,
        )

    def _put_hook_secret(self, line: HookSecretLine) -> None:
        assert self._tenant is not None
        if (line.issuer, line.id) in self._hook_secrets:
            raise ValueError(f"the secret `{line.id}` of `{line.issuer}` stands twice")
        if sum(issuer == line.issuer for issuer, _ in self._hook_secrets) == MOST:
            raise ValueError(f"`{line.issuer}` has more than {MOST} secrets")
        self._hook_secrets[line.issuer, line.id] = SealedSecret(
            tenant=self._tenant.id,
            issuer=line.issuer,
            id=line.id,
            type=line.type,
            sealed=b"",
            set_at=line.set_at,
            set_by=line.set_by,
        )

    def _put_shadow(self, line: ShadowLine) -> None:
        assert self._tenant is not None
        revision = Revision(
            tenant=self._tenant.id,
            number=line.number,
            rules=self._known_rules(line.rules),
            settings=line.settings,
            created_at=line.created_at,
            created_by=line.created_by,
            restores=line.restores,
            modules=self._known_modules(line.modules),
        )
        self._shadow = Shadow(
            tenant=self._tenant.id,
            revision=revision,
            started_at=line.started_at,
            started_by=line.started_by,
            reached="",
            impact="",
        )

    def _end(self, line: EndLine) -> None:
        if line.lines != self._count or line.sha256 != self._digest.hexdigest():
            raise ValueError("the digest is not that of the lines before: the file was changed or is damaged")
        if self._live is None:
            raise ValueError("the section has no revision")
        self._require_whole(self._live)
        self.ended = True

    def _require_whole(self, live: Revision) -> None:
        """What a line says about those behind it."""
        now = {rule.id for rule in live.rules}
        for rule_id, rule in self._rules.items():
            self._known_rules([rule.saved])
            if rule.deleted and rule_id in now:
                raise ValueError(f"the rule `{rule_id}` is deleted, and live")

    def _known_rules(self, rules: tuple[RuleEntry, ...] | list[PipelineRule]) -> tuple[PipelineRule, ...]:
        for rule in rules:
            version = self._versions.get((rule.id, rule.version))
            if version is None or version.sha256 != rule.sha256:
                raise ValueError(f"there is no version `{rule.version}` of the rule `{rule.id}` with this SHA-256")
        if len({rule.id for rule in rules}) < len(rules):
            raise ValueError("a rule stands twice")
        return tuple(PipelineRule(**msgspec.structs.asdict(rule)) for rule in rules)

    def _known_modules(self, modules: tuple[ModuleEntry, ...]) -> tuple[PipelineModule, ...]:
        for module in modules:
            version = self._modules.get((module.name, module.version))
            if version is None or version.sha256 != module.sha256:
                text = f"there is no version `{module.version}` of the module `{module.name}` with this SHA-256"
                raise ValueError(text)
        if len({module.name for module in modules}) < len(modules):
            raise ValueError("a module stands twice")
        return tuple(PipelineModule(**msgspec.structs.asdict(module)) for module in modules)


def require_format(text: bytes, kind: str, number: int) -> None:
    """Whether this is the first line of an export, or of a section, that can be read here. Raises `BadExport`."""
    try:
        head = msgspec.json.decode(text, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadExport("this is no export of Claimsmith", number) from None
    if head.kind != kind:
        raise BadExport(f"this is no export of Claimsmith: a line `{kind}` has to stand here", number)
    if head.format != FORMAT:
        newer = "a newer Claimsmith has written it: upgrade this one" if head.format > FORMAT else "there is none"
        raise BadExport(f"the export has the format {head.format}: {newer}", number)


def decoded(text: bytes, decoder: msgspec.json.Decoder[T], number: int) -> T:
    """A line. Raises `BadExport`."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        message = " ".join(str(error).split())  # it may show a text of the file, with its lines
        newer = "unknown field" in message or message.endswith("`$.kind`")
        advice = "; perhaps a newer Claimsmith has written it" if newer else ""
        raise BadExport(f"{message[:LONGEST_MESSAGE]}{advice}", number) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadExport("this is no JSON: the file was changed or is damaged", number) from None
    except RecursionError:
        raise BadExport("the JSON is nested too deeply", number) from None


def _require_script(script: str, digest: str) -> None:
    if len(script.encode("utf-8", "surrogatepass")) > DEFAULT.source:
        raise ValueError(f"the script is longer than {DEFAULT.source} bytes")
    if sha256(script) != digest:
        raise ValueError("the SHA-256 is not that of the script")


def _require_behind(version: tuple[str, int], last: tuple[str, int]) -> None:
    if version <= last:
        raise ValueError(f"version `{version[1]}` of `{version[0]}` stands behind `{last[1]}` of `{last[0]}`")
