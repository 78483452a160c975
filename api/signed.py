"""Native calls that are signed and carry no token (Standard Webhooks 1.0.0)."""

from __future__ import annotations

import time
from collections.abc import Mapping

from starlette.requests import Request

from api.body import read_body
from api.callers import Caller
from api.hook_secrets import NATIVE
from api.issuers.secrets import Unauthenticated, authenticate
from api.service import DEFAULT_TENANT, Service


def is_signed(headers: Mapping[str, str]) -> bool:
    return "authorization" not in headers and "webhook-signature" in headers


async def signed_caller(service: Service, request: Request, headers: Mapping[str, str]) -> tuple[Caller, bytes]:
    """Who has signed the call, and its body, which is read for that. The tenant is the one that `Claimsmith-Tenant`
    names, or `default`: only who has a secret of it can have signed the call.

    Raises `Unauthenticated`, without reading anything where the tenant has no secret; `ApiError` as `read_body` does.
    """
    tenant = headers.get("claimsmith-tenant", DEFAULT_TENANT)
    if not service.hook_secrets.live(tenant, NATIVE):
        raise Unauthenticated("no_secret")
    body = await read_body(request, headers, service.settings.body_bytes)
    secrets = service.hook_secrets.live(tenant, NATIVE)  # those of now: a body may take its time
    name = await authenticate(secrets, None, headers, body, time.time(), service.key_sets)
    return Caller(f"{NATIVE}/{name}", tenant, frozenset({"execute"})), body
