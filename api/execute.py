"""`POST /v1/execute`: the call that an issuer makes at every login."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from api.body import decode_text, json_response, require_unique_names
from api.call import Call
from api.hook_secrets import NATIVE
from api.native import note_decided
from api.origin import origin_of
from engine.capability import Token
from engine.execution import Execution
from engine.models import JSON, Claims, Decision, Denial, Notice, Transaction

NULL = b"null"
# Told from what was sent by their identity.
NO_USER = msgspec.Raw(NULL)
NO_CONTEXT = msgspec.Raw(b"{}")
OBJECT_OR_NULL = {"type": ["object", "null"]}
OF_CONTEXT = {"protocol": {"type": ["string", "null"]}, "idToken": OBJECT_OR_NULL, "accessToken": OBJECT_OR_NULL}
User = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description="who logs in, in the words of Auth0 Rules; null where nobody does (client credentials)",
        extra_json_schema=OBJECT_OR_NULL,
    ),
]
Context = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description="`clientID`, `connection`, `protocol`, `request`; the claims so far in `idToken`, `accessToken`",
        extra_json_schema={"type": "object", "properties": OF_CONTEXT},
    ),
]


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A login to decide on. `deadline_ms` is how long the caller waits; it can only shorten the limit."""

    # Both stay text: only a worker reads them whole.

    user: User = msgspec.field(default_factory=lambda: NO_USER)
    context: Context = msgspec.field(default_factory=lambda: NO_CONTEXT)
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] | UnsetType | None = UNSET


_envelope = msgspec.json.Decoder(Envelope)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A login decided. With any decision but `allow` both tokens are null. `updates` are what rules want changed of the
    user, by store: null where they want nothing, else a patch. `scope` and `lifetime` (seconds, by token) are there
    where rules have changed them."""

    execution_id: str
    revision: int
    decision: Decision
    idToken: Claims | None
    accessToken: Claims | None
    updates: dict[str, Claims | None]
    redirect: Claims | None
    multifactor: JSON
    denial: Denial | None
    warnings: tuple[Notice, ...]
    scope: list[str] | UnsetType = UNSET
    lifetime: dict[Token, int] | UnsetType = UNSET


async def execute(call: Call) -> Response:
    """Decide on one login. 200 whatever the rules decided; anything else means that nothing was decided."""
    body = await call.body()
    envelope = decode_text(body, _envelope)
    _require_unique(body, envelope)
    user = bytes(envelope.user).strip()
    transaction = Transaction(
        tenant=call.tenant,
        user=None if user == NULL else user,
        context=bytes(envelope.context).strip(),
        deadline=envelope.deadline_ms / 1000 if envelope.deadline_ms else None,
        origin=origin_of(call.headers),
    )
    execution = await call.service.engine.evaluate(transaction)
    call.service.metrics.observe(execution.seconds)
    if call.service.spans is not None:
        call.service.spans.note(execution, NATIVE)
    note_decided(call.service, call.tenant, execution)
    return json_response(answer(execution))


def answer(execution: Execution) -> Answer:
    """An execution as the issuer sees it."""
    return Answer(
        execution_id=execution.id,
        revision=execution.revision,
        decision=execution.decision,
        idToken=execution.idToken,
        accessToken=execution.accessToken,
        updates=execution.updates,
        redirect=execution.redirect,
        multifactor=execution.multifactor,
        denial=execution.denial,
        warnings=execution.warnings,
        scope=UNSET if execution.scope is None else execution.scope,
        lifetime=execution.lifetime or UNSET,
    )


SHORTEST_MEMBER = len(',"user":0')


def _require_unique(body: bytes, envelope: Envelope) -> None:
    """No name twice in the envelope: the issuer and we could see two users.

    Most bodies show it by their length: beside the values and one name for each there is no room for another member.
    """
    known = 0
    if envelope.user is not NO_USER:
        known += len('"user":') + len(bytes(envelope.user))
    if envelope.context is not NO_CONTEXT:
        known += len('"context":') + len(bytes(envelope.context))
    if envelope.deadline_ms is not UNSET:
        known += len('"deadline_ms":') + len(str(envelope.deadline_ms))
    if len(body) - known >= SHORTEST_MEMBER:
        _count_names(body, envelope)


def _count_names(body: bytes, envelope: Envelope) -> None:
    """Each member has one colon beside those inside its value; one that was overwritten leaves one too many."""
    colons = bytes(envelope.user).count(b":") + bytes(envelope.context).count(b":")
    members = [envelope.user is not NO_USER, envelope.context is not NO_CONTEXT, envelope.deadline_ms is not UNSET]
    if body.count(b":") != colons + sum(members):
        require_unique_names(body, besides=("user", "context"))
