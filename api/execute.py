"""`POST /v1/execute`: the call that an issuer makes at every login."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from api.body import decode_text, json_response, read_body, require_unique_names
from api.call import Call
from engine.models import Execution, Transaction

NULL = b"null"


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`user` and `context` stay text: only a worker reads them whole."""

    user: msgspec.Raw = msgspec.Raw(NULL)
    context: msgspec.Raw = msgspec.Raw(b"{}")
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=600_000)] | None = None


_envelope = msgspec.json.Decoder(Envelope)


async def execute(call: Call) -> Response:
    """Decide on one login. 200 whatever the rules decided; anything else means that nothing was decided."""
    body = await read_body(call.request, call.service.settings.body_bytes)
    envelope = decode_text(body, _envelope)
    user, context = bytes(envelope.user).strip(), bytes(envelope.context).strip()
    _require_unique(body, user, context)
    transaction = Transaction(
        tenant=call.tenant,
        user=None if user == NULL else user,
        context=context,
        deadline=None if envelope.deadline_ms is None else envelope.deadline_ms / 1000,
    )
    execution = await call.service.engine.evaluate(transaction)
    call.service.metrics.seconds.observe(execution.seconds)
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
    return shown


def _require_unique(body: bytes, user: bytes, context: bytes) -> None:
    """No name twice in the envelope: the issuer and we could see two users.

    With the two large values taken out the rest is a few bytes, so this costs next to nothing.
    """
    rest = body.replace(user, b"0", 1).replace(context, b"0", 1)
    if rest.count(b":") > 3:
        require_unique_names(rest)
