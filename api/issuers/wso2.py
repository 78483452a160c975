"""WSO2 Identity Server and Asgardeo: the actions before an access token and before an ID token are issued
(wso2-extensions/identity-inbound-auth-oauth, PreIssueAccessToken*, PreIssueIDToken*).

Each call says what may be changed (`allowedOperations`), and what is not allowed is dropped there without a word: so
it is looked up here first. Paths are split at `/`, without an escape: a claim named by a URI can be added, and never
be changed. An index is one of the list that came with the call, not of what earlier operations have made of it.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from typing import Any

import msgspec

from api.issuers.issuer import JSON, RULE_FAILED, Asked, Issuer, Refusal, Reply, changes, context_of, present
from api.issuers.wso2_call import MISREAD, Hook, Paths, User, UserStore, named
from engine.capability import TOKENS, Capability, kind_of, swapped
from engine.execution import Execution
from engine.models import HookSettings
from engine.protected import PROFILE

# Its own claims: added by somebody else they are refused there, or left out of the token (`ClaimNames` of both).
OWN = "iss sub aud client_id aut expires_in iat act binding_ref binding_type subject_type".split()
OWN_OF_ID_TOKENS = """at_hash c_hash s_hash sid realm tenant userstore isk exp auth_time nonce acr amr azp""".split()
SCOPE = ["".join(letters) for letters in itertools.product(*zip("scope", "SCOPE", strict=True))]  # whatever its case
LIVES = (1, 10 * 365 * 86_400)  # seconds: it has no bounds of its own
CAPABILITY = Capability(
    issuer="wso2",
    scope=True,
    lifetime=dict.fromkeys(TOKENS, LIVES),
    values=("string", "integer", "number", "boolean", "strings"),
    reserved={"accessToken": (*OWN, *SCOPE), "idToken": (*OWN, *OWN_OF_ID_TOKENS)},
)
STATUS = {"failed": 500, "unavailable": 500, "invalid": 400, "unauthenticated": 401}
MESSAGE = {"failed": "server_error", "unavailable": "server_error", "invalid": "invalid_request"}
MESSAGE |= {"unauthenticated": "unauthorized"}
# An answer whose texts have anything else is not read at all (ActionInvocationFailureResponse, ...ErrorResponse).
LONGEST_TEXT = 300
SAID = {"`": "'", '"': "'", ",": ";", "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{EN DASH}": "-"}
UNSAID = re.compile(r"[^a-zA-Z0-9\s_.!?;:'()\[\]-]", re.ASCII)


def parse(body: JSON, settings: HookSettings) -> Asked:
    hook = msgspec.convert(body, Hook)
    request, user, token = hook.event.request, hook.event.user, hook.token
    parameters, headers = named(request.additional_params), named(request.additional_headers)
    sent = {claim.name: claim.value for claim in reversed(hook.part.claims)}  # of two, the first counts
    claims = {claim.name: sent[claim.name] for claim in hook.part.claims if claim.name != "expires_in"}
    able = _capability(hook, claims)
    if able.scope:
        claims["scope"] = list(hook.part.scopes or ())
    store = hook.event.user_store or UserStore()
    return Asked(
        user=None if user is None else _user(user, claims),
        context=context_of(
            "wso2",
            _by_name(body, parameters, headers),
            client=request.client_id,
            grant=request.grant_type or "authorization_code",
            id_token=claims if token == "idToken" else None,  # noqa: S105
            access_token=claims if token == "accessToken" else None,  # noqa: S105
            query={
                **parameters,
                "redirect_uri": request.redirect_uri,
                "scope": " ".join(request.scopes or ()),
            },
            user_agent=_text({name.lower(): value for name, value in headers.items()}.get("user-agent")),
            connection=(user.federated_idp if user else None) or store.name,
            lifetime={token: sent["expires_in"]} if "expires_in" in sent else None,
        ),
        capability=able,
        call=hook,
    )


def _by_name(body: JSON, parameters: JSON, headers: JSON) -> JSON:
    """The call with its parameters and headers as maps: a record hides what is secret by its name."""
    request = body["event"]["request"] | {"additionalParams": parameters, "additionalHeaders": headers}
    return body | {"event": body["event"] | {"request": request}}


def _user(user: User, claims: JSON) -> JSON:
    profile = {name: value for name, value in claims.items() if name in PROFILE}
    return profile | present(user_id=user.id or claims.get("sub"), organization=user.organization)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _capability(hook: Hook, claims: JSON) -> Capability:
    token, base = hook.token, hook.base
    allows = Paths(hook.allowed_operations)
    known = [name for name, value in claims.items() if value is not None and not MISREAD.fullmatch(name)]
    whole = [name for name in known if allows("replace", base + name)]
    members = [
        name
        for name in set(known).difference(whole)
        if kind_of(claims[name]) == "strings" and all(allows(op, f"{base}{name}/0") for op in ("replace", "remove"))
    ]
    scopes = f"/{token}/scopes/"
    some = bool(hook.part.claims)  # where there are none, nothing is done to them
    return msgspec.structs.replace(
        CAPABILITY,
        tokens=(token,),
        add=some and allows("add", base + "-"),
        overwrite=(*whole, *sorted(members)),
        members=tuple(sorted(members)),
        remove=tuple(name for name in known if allows("remove", base + name)),
        scope=token == "accessToken" and allows("add", scopes + "-") and allows("remove", scopes + "0"),  # noqa: S105
        lifetime={token: LIVES} if some and allows("replace", base + "expires_in") else {},
    )


def allow(asked: Asked, execution: Execution) -> Reply:
    hook: Hook = asked.call
    token, base = hook.token, hook.base
    before = asked.claims[token]
    after = execution.idToken if token == "idToken" else execution.accessToken  # noqa: S105
    changed, members = changes(before, after), frozenset(asked.capability.members)
    operations: list[JSON] = [
        {"op": "add", "path": base + "-", "value": {"name": name, "value": value}}
        for name, value in changed.set.items()
        if name not in before
    ]
    for name, value in changed.set.items():
        if name in members:
            operations += _member_operations(base + name, before[name], value)
        elif name in before:
            operations.append({"op": "replace", "path": base + name, "value": value})
    operations += [{"op": "remove", "path": base + name} for name in changed.removed]
    if seconds := execution.lifetime.get(token):
        operations.append({"op": "replace", "path": base + "expires_in", "value": seconds})
    if execution.scope is not None:
        operations += _scope_operations(f"/{token}/scopes/", list(hook.part.scopes or ()), execution.scope)
    return Reply(body={"actionStatus": "SUCCESS", "operations": operations})


def _member_operations(path: str, before: list[str], after: Any) -> list[JSON]:
    """To a list that `swapped` made, from its end: so a place is the same in what came and in what became of it. Of a
    member that is there several times the first is taken out; what comes for one stands at the end."""
    if kind_of(after) != "strings" or swapped(before, after) is None:
        return []
    new = list(Counter(after) - Counter(before))
    gone = Counter(before) - Counter(after)
    places = []
    for place, member in enumerate(before):
        if gone[member]:
            gone[member] -= 1
            places.append(f"{path}/{place}")
    places.reverse()
    swaps = [{"op": "replace", "path": place, "value": member} for place, member in zip(places, new, strict=False)]
    return swaps + [{"op": "remove", "path": place} for place in places[len(new) :]]


def _scope_operations(path: str, before: list[str], after: list[str]) -> list[JSON]:
    added = [{"op": "add", "path": path + "-", "value": scope} for scope in dict.fromkeys(after) if scope not in before]
    gone = [{"op": "remove", "path": f"{path}{index}"} for index, scope in enumerate(before) if scope not in after]
    return added + gone


def refuse(refusal: Refusal) -> Reply:
    if refusal.cause == "denied":
        text = _said(refusal.text) or refusal.error
        return Reply(body={"actionStatus": "FAILED", "failureReason": refusal.error, "failureDescription": text})
    text = "invalid credentials" if refusal.cause == "unauthenticated" else _said(refusal.text) or RULE_FAILED
    body = {"actionStatus": "ERROR", "errorMessage": MESSAGE[refusal.cause], "errorDescription": text}
    return Reply(status=STATUS[refusal.cause], body=body)


def _said(text: str) -> str:
    """A text in the characters that it takes: a letter without its accent, `?` for what has no likeness."""
    plain = unicodedata.normalize("NFKD", "".join(SAID.get(letter, letter) for letter in text[:LONGEST_TEXT]))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return UNSAID.sub("?", bare)[:LONGEST_TEXT].strip()


ISSUER = Issuer(
    name="wso2",
    title="WSO2 Identity Server, Asgardeo",
    secrets=("header", "basic", "bearer", "jwt"),
    wait=5.0,
    fails="closed",
    denies="200 `FAILED`",
    capability=CAPABILITY,
    parse=parse,
    allow=allow,
    refuse=refuse,
)
