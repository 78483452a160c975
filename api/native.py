"""Native calls (`POST /v1/execute`): how each has ended is noted, as with the hooks of issuers (`api.hook_calls`).

A note stays in this process while the login is answered, and costs half a microsecond (`engine.last_calls`).
"""

from __future__ import annotations

from collections.abc import Mapping

from api.callers import Caller
from api.errors import ApiError
from api.failures import translated
from api.hook_secrets import NATIVE
from api.issuers.secrets import Unauthenticated
from api.refusals import TokenExpired
from api.service import DEFAULT_TENANT, Service
from api.signed import is_signed
from engine.execution import Execution

# What a call is refused with, in the words of `api.hook_calls.REFUSED`; with anything else it is `invalid`.
REASONS = {
    "insufficient_scope": "insufficient_scope",
    "too_many_requests": "too_many_requests",
    "temporarily_unavailable": "unavailable",
    "server_error": "failed",
}


def note_decided(service: Service, tenant: str, execution: Execution) -> None:
    failed = execution.denial is not None and execution.denial.error == "server_error"
    service.last_calls.note(tenant, NATIVE, "failed" if failed else None)


def note_refused(service: Service, headers: Mapping[str, str], caller: Caller | None, error: Exception) -> None:
    """Without a `caller` it is of the tenant that a signed call names, or that a token is of which was good once. Of
    any other token nobody knows whose it is."""
    if caller is not None:
        named = headers.get("claimsmith-tenant") if caller.allows("admin") else None
        tenant = named or caller.tenant
    elif isinstance(error, TokenExpired):
        tenant = error.tenant
    elif is_signed(headers):
        tenant = headers.get("claimsmith-tenant", DEFAULT_TENANT)
    else:
        return
    service.last_calls.note(tenant, NATIVE, _reason(error, known=caller is not None))


def _reason(error: Exception, *, known: bool) -> str:
    if isinstance(error, Unauthenticated):
        return error.reason
    if isinstance(error, TokenExpired):
        return "expired"
    told = error if isinstance(error, ApiError) else translated(error)
    if told is None:
        return "failed"
    return REASONS.get(told.error, "invalid" if known else "unreadable")
