"""What crosses between the service and its workers: frames of a four-byte length and a body.

To a worker: MessagePack, since `user`, `context` and compiled rules cross as raw bytes. From a worker: JSON,
decoded strictly into these types, since a worker that a rule has taken over may send anything.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Literal

import msgspec

HEAD = struct.Struct("<I")

DenialKind = Literal["unauthorized", "access_denied", "server_error"]


class JobRule(msgspec.Struct, frozen=True, array_like=True):
    """One rule of a job. `code` is empty where the worker has kept the code of this `digest`."""

    digest: str
    code: bytes
    skip: bool  # what a failure does: the rule is rolled back, and the pipeline goes on


class Job(msgspec.Struct, frozen=True, array_like=True, tag="job"):
    """One pipeline over one transaction.

    `maps` are the members of `context` that always are objects, created when missing and capped by
    `Limits.claims`; `returns` are those that come back. `clock` is in nanoseconds since the epoch.
    `left_out` are the rules not to run again after an earlier attempt had to be killed in them. A `traced` job has a
    longer time, and its answer a timeline. `configuration` is what `configuration.NAME` reads.
    """

    seq: int
    user: bytes
    context: bytes
    rules: tuple[JobRule, ...]
    maps: tuple[str, ...]
    returns: tuple[str, ...]
    clock: int
    seed: bytes
    left_out: tuple[int, ...] = ()
    traced: bool = False
    configuration: bytes = b"{}"  # a JSON object of texts


class CompileJob(msgspec.Struct, frozen=True, array_like=True, tag="compile"):
    """Source to check and compile, or to `outline`; a child process does one and ends."""

    source: str
    outline: bool = False
    modules: dict[str, str] = {}  # sources that it may import, by their names
    module: str = ""  # it is itself the module of this name


CallKind = Literal["http", "cache"]
MOST_LINES = 1_000_000


class Call(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A rule asks for something outside, and its worker waits. `ordinal` counts the calls of one step from 0; `request`
    is JSON that the broker of this `kind` reads. Its frame is an array, where that of an answer is an object."""

    seq: int
    step: int
    ordinal: int
    kind: CallKind
    line: Annotated[int, msgspec.Meta(ge=0, le=MOST_LINES)]  # 0: not known
    request: msgspec.Raw


class Reply(msgspec.Struct, frozen=True, array_like=True, tag="reply"):
    """The answer to a call, as JSON text. Jobs that were sent before it are taken back: the worker forgets them."""

    seq: int
    step: int
    ordinal: int
    answer: bytes


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    step: int
    kind: DenialKind
    text: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a job. `invalid` says that `user` or `context` could not be read, and nothing ran.

    `times` are the microseconds of each rule, in order; 0 for one that did not run, and none for those behind a denial.
    `journal` is the JSON array of what happened (see `sandbox.journal`), left undecoded until somebody looks. `calm`
    says that there is nothing in it that a login would look for: every rule passed, and nothing was refused.
    """

    seq: int
    returns: dict[str, Any] = {}
    updates: dict[str, dict[str, Any] | None] = {}
    denial: Denial | None = None
    skipped: list[int] = []
    times: list[Annotated[int, msgspec.Meta(ge=0)]] = []
    journal: msgspec.Raw = msgspec.Raw(b"[]")
    calm: bool = False
    timeline: msgspec.Raw = msgspec.Raw(b"[]")
    invalid: str | None = None
    tired: bool = False  # the worker asks to be replaced


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong with a rule's source. Lines and columns count from 1."""

    line: int
    column: int
    code: str
    message: str
    severity: Literal["error", "hint"] = "error"


MOST_MENTIONS = 200


class Mention(msgspec.Struct, frozen=True):
    """A place where a script reads a value of the configuration that has to be there."""

    line: int
    column: int
    name: Annotated[str, msgspec.Meta(max_length=200)]


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """What a compile child found. `code` is base64 in JSON, empty when a problem is an error."""

    problems: list[Problem] = []
    code: bytes = b""
    mentions: Annotated[list[Mention], msgspec.Meta(max_length=MOST_MENTIONS)] = []


# Of an outline, at most.
MOST_OUTLINED = 500  # settings, and reads, of one script
MOST_GUARDS = 20
MOST_TEXT = 200  # characters

Line = Annotated[int, msgspec.Meta(ge=1, le=MOST_LINES)]
Text = Annotated[str, msgspec.Meta(max_length=MOST_TEXT)]
Token = Literal["idToken", "accessToken"]
SettingOp = Literal["set", "remove"]
GuardKind = Literal["if", "while", "for", "match", "except", "return", "raise"]


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """A condition: `test` has to be true (`wanted`) or false for what it guards to run. With `return` and `raise`, the
    function ends at an earlier line when `test` is not as wanted; `for` wants something to go through, `except` a
    failure, `match` this case."""

    line: Line
    kind: GuardKind
    test: Text
    wanted: bool = True


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that sets or removes a claim. `claim` is None where its name cannot be told, or where all are
    meant."""

    line: Line
    token: Token
    claim: Text | None
    op: SettingOp
    text: Text
    function: Text
    guards: Annotated[list[Guard], msgspec.Meta(max_length=MOST_GUARDS)] = []


class Reading(msgspec.Struct, frozen=True):
    """A line that reads a member of `user` or `context`, by its JSON Pointer."""

    line: Line
    path: Text


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """What a script says of claims, and what it reads, as far as that can be told without running it."""

    lines: list[Line] = []  # those that hold a statement
    settings: Annotated[list[Setting], msgspec.Meta(max_length=MOST_OUTLINED)] = []
    reads: Annotated[list[Reading], msgspec.Meta(max_length=MOST_OUTLINED)] = []


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """What the zygote reports once it is confined: the stamps of compiled rules, and each layer's state."""

    policy: str
    restrictedpython: str
    cache_tag: str
    magic: str
    layers: dict[str, str]


class NotConfined(msgspec.Struct, frozen=True, tag="not_confined"):
    """What it reports instead when it may not run rules: the layers that are missing, each with the reason."""

    missing: dict[str, str]


Downward = Job | CompileJob | Reply
to_worker = msgspec.msgpack.Encoder()
from_service = msgspec.msgpack.Decoder(Downward)
to_service = msgspec.json.Encoder()


def frame(body: bytes) -> bytes:
    return HEAD.pack(len(body)) + body
