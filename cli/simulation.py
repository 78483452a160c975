"""A call as an issuer makes it, and what came back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import resources
from typing import Any

import httpx2
import msgspec

from api.issuers.issuer import Issuer
from cli.client import Client, Rejected
from cli.refusal import Refused

CONNECT_WITHIN = 5.0  # seconds
NOT_TOLD = (403, 404)  # the token may not ask, or the service is one that does not say
EXECUTION = "claimsmith-execution"
# What of a request is a secret, whatever the issuer calls it.
SHOWN = ("content-type", "accept", "webhook-id", "webhook-timestamp")


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A request and its answer. `headers` without their secrets, `request` without the token in which it may
    stand; `execution` is None where no rule was asked."""

    url: str
    headers: dict[str, str]
    request: Any
    status: int
    answer: Any
    ms: float
    execution: str | None


class Patience(msgspec.Struct, frozen=True):
    """How long an answer to one issuer may take, as the service says: `within` so many seconds, where the tenant's
    settings have a `deadline_ms` by that. An older service says less."""

    name: str
    within: float | None = None
    deadline_ms: int | None = None


class _Said(msgspec.Struct, frozen=True):
    issuers: list[Patience]


def patience(client: Client, issuer: Issuer) -> Patience | None:
    """That of a tenant's hook; None where nobody says. Raises `Refused`."""
    try:
        said = client.get("/v1/issuers", _Said)
    except Rejected as exc:
        if exc.status not in NOT_TOLD:
            raise
        return None
    return next((one for one in said.issuers if one.name == issuer.name and one.within is not None), None)


def calls_of(issuer: Issuer) -> dict[str, Any]:
    """The calls that it is known to make, by their names here."""
    text = resources.files("cli").joinpath("samples", f"{issuer.name}.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Any])


def send(
    url: str, issuer: Issuer, call: bytes, body: bytes, headers: Mapping[str, str], within: float | None = None
) -> Exchange:
    """Send the call, which is in the `body` in whichever form, once, and wait as long as the issuer does: `within`
    seconds, or as it is known to. Raises `Refused` where no answer comes."""
    wait = issuer.wait if within is None else within
    sent = {"content-type": "application/json", "accept": "application/json", **headers}
    try:
        with httpx2.Client(timeout=httpx2.Timeout(wait, connect=CONNECT_WITHIN)) as client:
            began = time.monotonic()  # the client has read the machine's authorities, which is not the service's time
            response = client.post(url, content=body, headers=sent, follow_redirects=False)
            took = time.monotonic() - began
    except httpx2.TimeoutException:
        raise Refused(f"no answer from {url} within the {wait:g} s that {issuer.title} waits") from None
    except httpx2.RequestError as exc:
        raise Refused(f"no connection to {url}: {exc}; is the service running there?") from None
    try:
        answer = msgspec.json.decode(response.content) if response.content else None
    except msgspec.DecodeError:
        raise Refused(f"{url} does not answer like Claimsmith (status {response.status_code})") from None
    return Exchange(
        url=url,
        headers={name: value if name in SHOWN else "***" for name, value in sent.items()},
        request=msgspec.json.decode(call),
        status=response.status_code,
        answer=answer,
        ms=round(took * 1000, 1),
        execution=response.headers.get(EXECUTION),
    )
