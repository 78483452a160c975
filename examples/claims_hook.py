"""The one call an issuer makes at every login: may this user have a token, and which claims go into it?

Copy this file into your issuer. It needs an HTTP client and nothing else of this project.

It fails closed. `decide` never raises, and `kind` is `allow` only when the service answered 200 with a
JSON object that says `allow` and holds both claim maps. A timeout, another status, broken JSON and a
decision this file does not know are all refusals, with an error that is ready to send to the client. The claims
of an `allow` hold none of the protocol's: whatever the service says, those are yours alone.

It is asynchronous; blocking_hook.py makes the same call for Django and Flask.

HTTP status of a refusal at the token endpoint. RFC 6749 section 5.2 says 400 and leaves room for others;
Auth0's own pages disagree between 401 and 403. Our choice: 403 where the login was understood and a rule
stands in the way (asking again will not help), 503 where Claimsmith could not be reached (asking again may
help), 500 where a rule or the service is broken, 400 for the rest. A page or a second factor that cannot be
had at an endpoint is `interaction_required` (OpenID Connect Core, 3.1.2.6): the application opens a browser.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2

log = logging.getLogger(__name__)

Kind = Literal["allow", "deny", "redirect", "step_up"]
JSONObject = dict[str, Any]

# The service stops itself at DEADLINE_MS; the rest of TIMEOUT_S is for the way there and back.
DEADLINE_MS = 1500
TIMEOUT_S = 2.0

STATUS = {
    "access_denied": 403,
    "unauthorized": 403,
    "server_error": 500,
    "temporarily_unavailable": 503,
}

# Claimsmith protects these too; whoever signs does not rely on that.
# fmt: off
PROTOCOL_CLAIMS = {
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "azp", "at_hash", "c_hash", "s_hash", "sid",
    "auth_time", "acr", "amr", "cnf", "act", "may_act", "client_id", "scope", "gty", "events",
}
# fmt: on

# Theirs to hand in, not a rule's to read: the record of the execution would keep them.
CREDENTIALS = {
    "password",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "refresh_token",
    "assertion",
    "client_assertion",
}


@dataclass(frozen=True)
class Decision:
    """What the rules decided. Claims stand in it with `allow` only; otherwise `error` says why not."""

    kind: Kind
    id_token: JSONObject = field(default_factory=dict)
    access_token: JSONObject = field(default_factory=dict)
    scope: list[str] | None = None  # None: the rules did not touch the scope
    lifetime: dict[str, int] = field(default_factory=dict)  # seconds, of the tokens whose life the rules have changed
    redirect_url: str | None = None  # with `redirect`
    multifactor: JSONObject = field(default_factory=dict)  # with `step_up`: what the rule asked for
    error: str = ""
    description: str = ""
    status: int = 200
    updates: dict[str, JSONObject] = field(default_factory=dict)  # with every kind: store them
    execution_id: str | None = None  # hand it to whoever has to find out why


async def decide(
    http: httpx2.AsyncClient, execute_url: str, token: str, user: JSONObject | None, context: JSONObject
) -> Decision:
    """Run the rules over one login. Never raises; everything but a clear `allow` is a refusal. Without a user
    (client credentials) no rule runs, and Claimsmith still has to answer."""
    body = {"user": user, "context": context, "deadline_ms": DEADLINE_MS}
    try:
        # The client's own timeouts count per read: a service that trickles bytes would hold the login.
        async with asyncio.timeout(TIMEOUT_S):
            response = await http.post(execute_url, json=body, headers={"Authorization": f"Bearer {token}"})
        if response.status_code == 200:
            return _read(response.json())
        log.error("claimsmith answered %d: %.500s", response.status_code, response.text)
        # 4xx is ours to repair (token, URL, body): the client cannot mend it by asking again.
        again = response.status_code == 429 or response.status_code >= 500
        return _refuse("deny", "temporarily_unavailable" if again else "server_error")
    except (httpx2.HTTPError, TimeoutError) as error:
        log.error("claimsmith not reached: %r", error)
        return _refuse("deny", "temporarily_unavailable")
    except Exception:  # an answer no one foresaw must not become a token, nor a stack trace at the client
        log.exception("claimsmith gave no usable answer")
        return _refuse("deny", "server_error")


def without_credentials(params: Mapping[str, str]) -> dict[str, str]:
    """The query or body of the login's request, as rules may see it."""
    return {name: value for name, value in params.items() if name not in CREDENTIALS}


def apply_update(metadata: JSONObject, patch: JSONObject | None) -> JSONObject:
    """The metadata after a patch in Auth0's terms: merge at the root, `null` deletes a key, `{}` clears."""
    if not patch:
        return metadata if patch is None else {}
    deleted = {key for key, value in patch.items() if value is None}
    return {key: value for key, value in (metadata | patch).items() if key not in deleted}


def _read(answer: JSONObject) -> Decision:
    stores = _map(answer.get("updates") or {})
    seen: Any = {
        "execution_id": str(answer["execution_id"]),
        "updates": {store: _map(patch) for store, patch in stores.items() if patch is not None},
    }
    match answer["decision"]:
        case "allow":
            scope = answer.get("scope")  # words or a list of them
            return Decision(
                "allow",
                id_token=_claims(answer["idToken"]),
                access_token=_claims(answer["accessToken"]),
                scope=scope.split() if isinstance(scope, str) else scope if scope is None else [*scope],
                lifetime={token: _seconds(given) for token, given in _map(answer.get("lifetime") or {}).items()},
                **seen,
            )
        case "deny":
            denial = _map(answer.get("denial") or {})
            error, text = denial.get("error") or "access_denied", denial.get("description") or ""
            return _refuse("deny", str(error), str(text), **seen)
        case "redirect":
            url = str(answer["redirect"]["url"])
            if not url.startswith(("https://", "http://")):
                raise ValueError(f"not a web page: `{url}`")
            return _refuse("redirect", "interaction_required", "the login needs a page", redirect_url=url, **seen)
        case "step_up":
            wanted = _map(answer.get("multifactor") or {})
            text = "the login needs a second factor"
            return _refuse("step_up", "interaction_required", text, multifactor=wanted, **seen)
        case unknown:  # a newer service may know more decisions; an issuer must not guess what they mean
            log.error("claimsmith decided `%s`, which this issuer does not know", unknown)
            return _refuse("deny", "server_error", **seen)


def _map(value: Any) -> JSONObject:
    if not isinstance(value, dict):
        raise TypeError(f"expected a JSON object, not `{value!r:.80}`")
    return value


def _seconds(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise TypeError(f"expected a number of seconds, not `{value!r:.80}`")
    return value


def _claims(value: Any) -> JSONObject:
    return {name: claim for name, claim in _map(value).items() if name not in PROTOCOL_CLAIMS}


def _refuse(kind: Kind, error: str, text: str = "the login rules gave no answer", **seen: Any) -> Decision:
    # RFC 6749 allows plain ASCII without quotes in an error_description; rules write anything.
    plain = re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "?", text.replace('"', "'"))
    return Decision(kind, error=error, description=plain, status=STATUS.get(error, 400), **seen)
