"""Cases: a transaction and the expected parts of its execution, in a file beside the rule, or kept with it.

A case runs through `Engine.evaluate`, so what passes here is what production does. What of it is not as expected is
told by `engine.expecting`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from engine.calls.given import Exchange, Given
from engine.configuration import ConfigurationSet
from engine.engine import Engine
from engine.execution import Execution
from engine.files import BadFile, read_json
from engine.library import NO_MODULES, Sources, drafts, mentioned, sha256
from engine.models import PipelineRule, Revision, TenantSettings, Transaction
from engine.recorder import NoRecorder
from sandbox import timeline

TENANT = "cases"
YEARS = range(1970, 2200)  # of a clock: what nanoseconds since the epoch can say in 63 bits

MOST_CASES = 500  # that are kept with a rule
LARGEST_CASES = 512 * 1024  # bytes of them

EXPECTABLE = "decision idToken accessToken denial redirect multifactor updates warnings logs calls".split()


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`clock` is the time the rule sees; its chance comes from `seed`, or from the case's name. Of `expect` only the
    given keys are compared, each whole, and of each of `calls` what is said of it. The rule reads `configuration`, and
    finds in `cache` what stands there; each of `http` answers one of its calls, and nothing goes outside."""

    name: str
    user: dict[str, Any] | None
    context: dict[str, Any]
    expect: dict[str, Any]
    clock: datetime | None = None
    seed: str | None = None
    configuration: dict[str, str] = {}
    http: tuple[Exchange, ...] = ()
    cache: dict[str, Any] = {}


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cases: list[Case]


_file = msgspec.json.Decoder(CaseFile)


class InvalidCases(Exception):
    """Cases that are none, or too many; `path` is the place in their file."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


class BadCases(BadFile):
    """A case file that cannot be used; the message names the file and the place."""


def read_cases(path: Path) -> list[Case]:
    """The cases of `NAME.cases.json`. Raises `BadCases`."""
    try:
        cases = read_json(path, CaseFile).cases
        require_valid(cases)
    except BadFile as error:
        raise BadCases(path, error.message, error.place) from None
    except InvalidCases as error:
        raise BadCases(path, str(error)) from None
    return cases


def require_valid(cases: Sequence[Case]) -> None:
    """Raises `InvalidCases` for what no execution has, and times that no clock shows."""
    for place, case in enumerate(cases):
        if unknown := case.expect.keys() - set(EXPECTABLE):
            text = f"case `{case.name}` expects `{min(unknown)}`: known are {', '.join(EXPECTABLE)}"
            raise InvalidCases(f"$.cases[{place}].expect", text)
        if case.clock is not None and case.clock.year not in YEARS:
            text = f"case `{case.name}` has a `clock` outside of {YEARS[0]} to {YEARS[-1]}"
            raise InvalidCases(f"$.cases[{place}].clock", text)


def kept_cases(text: bytes) -> CaseFile:
    """The text of a case file that is kept with its rule. Raises `InvalidCases`."""
    if len(text) > LARGEST_CASES:
        raise InvalidCases("$", f"the cases are longer than {LARGEST_CASES} bytes: keep fewer")
    try:
        file = _file.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidCases("$", f"these are no cases: {error}") from None
    if len(file.cases) > MOST_CASES:
        raise InvalidCases("$.cases", f"a rule can have {MOST_CASES} cases: keep fewer")
    require_valid(file.cases)
    return file


async def run_case(
    engine: Engine,
    rule: str,
    script: str,
    case: Case,
    *,
    modules: Sources = NO_MODULES,
    given: Given | None = None,
    traced: bool = False,
) -> Execution:
    """The execution of the script alone, under the name `rule`, over the case's transaction; recorded nowhere. It may
    import `modules`. Its calls are answered as the case says, or by `given`.

    Raises what `Engine.evaluate` does. A script that does not compile is a step that was `refused`.
    """
    alone = PipelineRule(
        id="case",
        name=rule,
        version=1,
        sha256=sha256(script),
        order=1,
        enabled=True,
        on_failure="deny",
        imports=mentioned(script, modules),
    )
    revision = Revision(
        tenant=TENANT,
        number=1,
        rules=(alone,),
        settings=TenantSettings(),
        created_at=datetime.now(UTC),
        created_by=TENANT,
        modules=drafts(modules),
    )
    scripts = {sha256(text): text for text in (script, *modules.values())}
    return await run_under(engine, revision, scripts, case, given=given, traced=traced)


async def run_under(
    engine: Engine,
    revision: Revision,
    scripts: Mapping[str, str],
    case: Case,
    *,
    given: Given | None = None,
    background: bool = False,
    traced: bool = False,
) -> Execution:
    """The same under a revision, `scripts` being its sources by SHA-256."""
    return await engine.evaluate(
        Transaction(
            tenant=revision.tenant,
            user=None if case.user is None else msgspec.json.encode(case.user),
            context=msgspec.json.encode(case.context),
        ),
        revision=revision,
        scripts=scripts,
        recorder=NoRecorder(),
        clock=clock_of(case),
        seed=seed_of(case.seed or case.name),
        configuration=ConfigurationSet(None, case.configuration, own=True),
        outside=given or Given(case.http, case.cache),
        background=background,
        traced=traced,
    )


def lines_run(execution: Execution) -> frozenset[int]:
    """The lines that ran in a traced execution."""
    return frozenset(entry.line for entry in timeline.read(execution.timeline))


def seed_of(text: str) -> bytes:
    """The seed that a case names by a text: the same chance every time."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def clock_of(case: Case) -> int | None:
    """The case's clock in nanoseconds since the epoch."""
    return None if case.clock is None else nanoseconds(case.clock)


def nanoseconds(clock: datetime) -> int:
    """A clock in nanoseconds since the epoch; a time without a zone is UTC. Its year must be one of `YEARS`."""
    moment = clock if clock.tzinfo else clock.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000) * 1000
