"""Native calls that are signed and carry no token (Standard Webhooks 1.0.0)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request

from api.body import read_body
from api.callers import Caller
from api.hook_secrets import NATIVE
from api.issuers.kinds import Secret
from api.issuers.secrets import Unauthenticated, authenticate, require_set
from api.service import DEFAULT_TENANT, Service


def is_signed(headers: Mapping[str, str]) -> bool:
    return "authorization" not in headers and "webhook-signature" in headers


class Signed(NamedTuple):
    """Who has signed a call, by which secret, and its body, which is read for that."""

    caller: Caller
    secret: Secret
    body: bytes


async def signed_by(service: Service, request: Request, headers: Mapping[str, str]) -> Signed:
    """Who has signed the call. The tenant is the one that `Claimsmith-Tenant` names, or `default`: only who has a
    secret of it can have signed the call.

    Raises `Unauthenticated`, without reading anything where the tenant has no secret; `ApiError` as `read_body` does.
    """
    tenant = headers.get("claimsmith-tenant", DEFAULT_TENANT)
    if not service.hook_secrets.live(tenant, NATIVE):
        raise Unauthenticated("no_secret")
    body = await read_body(request, headers, service.settings.body_bytes)
    secrets = service.hook_secrets.live(tenant, NATIVE)  # those of now: a body may take its time
    passed = await authenticate(secrets, None, headers, body, time.time(), service.key_sets)
    caller = Caller(f"{NATIVE}/{passed.id}", tenant, frozenset({"execute"}))
    return Signed(caller, secrets[passed.id], passed.body)


def require_still_signed(service: Service, signed: Signed) -> None:
    """Raises `Unauthenticated` where the secret was deleted while the call went on: nothing is told to who has it."""
    require_set(service.hook_secrets.live(signed.caller.tenant, NATIVE), signed.secret)
