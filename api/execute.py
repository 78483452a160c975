"""`POST /v1/execute`: the call that an issuer makes at every login."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from api.body import decode_text, json_response, require_unique_names
from api.call import Call
from api.origin import origin_of
from engine.execution import Execution
from engine.models import Transaction

NULL = b"null"
# Defaults, told from what was sent by their identity.
NO_USER = msgspec.Raw(NULL)
NO_CONTEXT = msgspec.Raw(b"{}")


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`user` and `context` stay text: only a worker reads them whole."""

    user: msgspec.Raw = NO_USER
    context: msgspec.Raw = NO_CONTEXT
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] | UnsetType | None = UNSET


_envelope = msgspec.json.Decoder(Envelope)


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
        call.service.spans.note(execution, "native")
    return json_response(answer(execution))


def answer(execution: Execution) -> dict[str, Any]:
    """An execution as the issuer sees it."""
    shown: dict[str, Any] = {
        "execution_id": execution.id,
        "revision": execution.revision,
        "decision": execution.decision,
        "idToken": execution.idToken,
        "accessToken": execution.accessToken,
        "updates": execution.updates,
        "redirect": execution.redirect,
        "multifactor": execution.multifactor,
        "denial": execution.denial,
        "warnings": execution.warnings,
    }
    if execution.scope is not None:
        shown["scope"] = execution.scope
    if execution.lifetime:
        shown["lifetime"] = execution.lifetime
    return shown


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
