"""What an execution has done otherwise than a published case expects, by its meaning."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
import uuid
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import jwt

from engine.execution import Execution
from engine.masking import NOTHING, Masking
from sandbox.exchanges import HttpRequest
from tests.conformance.heard import Heard
from tests.conformance.published import STORES, Published, apply, data_of

# The kinds of error that a denial can stand for: a text and an exception given to `callback` are the same here.
KINDS: Mapping[str, tuple[str, ...]] = {"unauthorized": ("unauthorized",), "access_denied": ("error", "string")}
OF_THE_BODY = {"content-type", "authorization"}  # headers that `json`, `data` and `auth` bring along


def differences(published: Published, execution: Execution, heard: Heard) -> list[str]:
    """Each line names a part, what was wanted and what was found."""
    return [
        *_outcome(published, execution),
        *(_changes(published, execution) if published.expected["finishes"] == "continue" else ()),
        *_updates(published, execution),
        *_logs(published, execution),
        *_requests(published, heard),
        *_cached(published, heard),
    ]


def _outcome(published: Published, execution: Execution) -> Iterator[str]:
    """What a rule has changed before it failed reaches nobody, here as there."""
    error = published.expected["error"]
    step = execution.steps[0]
    if error is None:
        if execution.denial is not None:
            yield f"finishes: wanted `continue`, found {execution.denial} {step.error}"
        return
    if execution.denial is None:
        yield f"finishes: wanted {error}, found `{execution.decision}`"
        return
    kinds, message = KINDS.get(execution.denial.error, ()), execution.denial.description
    if step.error is not None and step.error.code == "rule_raised":
        kinds, message = ("error",), step.error.message.partition(": ")[2]
    if error["kind"] not in kinds:
        yield f"error: wanted kind `{error['kind']}`, found {execution.denial} {step.error}"
    if message != execution.masking.text(error["message"]):
        yield f"error: wanted {error['message']!r}, found {message!r}"


def _changes(published: Published, execution: Execution) -> Iterator[str]:
    wanted, found = data_of(published.case), data_of(published.case)
    for root in ("user", "context"):
        for change in published.expected[f"{root}_changes"]:
            apply(wanted[root], change["op"], change["path"], change.get("value"))
    for step in execution.steps:
        for write in step.writes:
            if not write.path.startswith("/updates"):
                apply(found, write.op, write.path, write.new)
    context = found["context"]
    decision = "redirect" if context.get("redirect") else "step_up" if context.get("multifactor") else "allow"
    if execution.decision != decision:
        yield f"decision: wanted `{decision}`, found `{execution.decision}` {execution.denial}"
    configuration = published.case.configuration
    if execution.decision == "allow":  # the tokens themselves, in which nothing is masked
        for name, token in (("idToken", execution.idToken), ("accessToken", execution.accessToken)):
            yield from unlike(wanted["context"].pop(name), token, f"/{name}", configuration)
            del context[name]
    if execution.decision == "step_up":
        yield from unlike(wanted["context"].get("multifactor"), execution.multifactor, "/multifactor", configuration)
    yield from unlike(wanted, found, "", configuration, execution.masking)


def _updates(published: Published, execution: Execution) -> Iterator[str]:
    """The metadata that are stored afterwards, and whether that was asked for."""
    user = data_of(published.case)["user"]
    for store in STORES:
        asked = [write for write in published.expected["metadata_writes"] if write["store"] == store]
        if any(write["user_id"] != user.get("user_id") for write in asked):
            yield f"{store}: the case changes another user"
        found = execution.updates[store]
        if (found is None) != (not asked):
            yield f"{store}: wanted the writes {asked}, found {found}"
            continue
        stored = user[store]
        for write in asked:
            stored = _merged(stored, write["value"])
        yield from unlike(stored, _merged(user[store], found or {}), f"/{store} stored", {})


def _merged(known: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**known, **patch}.items() if value is not None}


def _logs(published: Published, execution: Execution) -> Iterator[str]:
    wanted = [execution.masking.text(text) for _, text in published.expected["logged"]]
    found = [line.text for step in execution.steps for line in step.logs]
    if wanted != found:
        yield f"logged: wanted {wanted}, found {found}"


def _cached(published: Published, heard: Heard) -> Iterator[str]:
    """What was put into `global` with a time beside it is kept with a `ttl` here, which may be shorter."""
    wanted = published.expected.get("global_cache_writes", {})
    times = [value["$now_ms_plus"] / 1000 for value in wanted.values() if isinstance(value, dict)]
    for name, value in wanted.items():
        seconds = next((ttl for kept, ttl in heard.kept if kept == value), None)
        if isinstance(value, dict):
            continue
        if seconds is None or any(not time / 2 <= seconds <= time for time in times):
            yield f"cache: wanted {name} = {value!r} for {times} s, found {heard.kept}"


# Requests


def _requests(published: Published, heard: Heard) -> Iterator[str]:
    wanted = published.exchanges
    if len(wanted) != len(heard.requests):
        yield f"requests: wanted {[(one['method'], one['url']) for one in wanted]}, found {heard.requests}"
    for place, (exchange, request) in enumerate(zip(wanted, heard.requests, strict=False)):
        for text in _request(exchange, request):
            yield f"request {place}: {text}"


def _request(exchange: Mapping[str, Any], request: HttpRequest) -> Iterator[str]:
    address = urllib.parse.urlsplit(exchange["url"])
    found = urllib.parse.urlsplit(request.url)
    if exchange["method"] != request.method:
        yield f"wanted {exchange['method']}, found {request.method}"
    parts = (address.scheme, address.netloc.rpartition("@")[2], urllib.parse.unquote(address.path))
    if parts != (found.scheme, found.netloc, urllib.parse.unquote(found.path)):
        yield f"wanted {exchange['url']}, found {request.url}"
    query = dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True)) | exchange.get("query", {})
    yield from unlike(query, dict(urllib.parse.parse_qsl(found.query, keep_blank_values=True)), "query", {})
    headers = {name.lower(): value for name, value in exchange.get("headers", {}).items()}
    if auth := exchange.get("basic_auth") or _user_in(address):
        headers["authorization"] = "Basic " + base64.b64encode(f"{auth['user']}:{auth['pass']}".encode()).decode()
    sent = {name.lower(): value for name, value in request.headers.items()}
    sent = {name: value for name, value in sent.items() if name in headers or name not in OF_THE_BODY}
    yield from unlike(headers, sent, "headers", {})
    yield from unlike(_wanted_body(exchange), _sent_body(exchange, request), "body", {})


def _user_in(address: urllib.parse.SplitResult) -> dict[str, str] | None:
    """A name and password that stand in the address: a header here."""
    return {"user": address.username, "pass": address.password or ""} if address.username else None


def _wanted_body(exchange: Mapping[str, Any]) -> Any:
    body = exchange.get("body", "")
    if exchange.get("body_kind") == "form":
        return dict(_flat(body))
    return body


def _sent_body(exchange: Mapping[str, Any], request: HttpRequest) -> Any:
    body = base64.b64decode(request.body).decode() if request.base64 else request.body
    if exchange.get("body_kind") == "form":
        return dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
    if exchange.get("body_kind") in ("json", "json_text"):
        try:
            return json.loads(body)
        except ValueError:
            return body
    return body


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a form: nested ones are `a[b][0]`; what is null is not sent."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _flat(member, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from _flat(member, f"{name}[{place}]")
    elif value is not None:
        yield name, str(value)


# Values


def unlike(
    wanted: Any, found: Any, at: str, configuration: Mapping[str, str], masking: Masking = NOTHING
) -> Iterator[str]:
    """The places where two JSON values differ. What is `wanted` may hold `$jwt` and `$prefix`; what is `found` may have
    been masked."""
    if isinstance(wanted, dict) and ("$jwt" in wanted or "$prefix" in wanted):
        yield from _special(wanted, found, at, configuration)
    elif isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted({*wanted, *found}):
            if name in wanted and name in found:
                yield from unlike(wanted[name], found[name], f"{at}/{name}", configuration, masking)
            else:
                yield f"{at}/{name}: wanted {wanted.get(name, 'nothing')!r}, found {found.get(name, 'nothing')!r}"
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for place, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from unlike(one, other, f"{at}/{place}", configuration, masking)
    elif json.dumps(found) not in (json.dumps(wanted), json.dumps(masking.value(wanted))):
        yield f"{at}: wanted {wanted!r}, found {found!r}"


def _special(wanted: Mapping[str, Any], found: Any, at: str, configuration: Mapping[str, str]) -> Iterator[str]:
    prefix = wanted.get("$prefix", "")
    if not isinstance(found, str) or not found.startswith(prefix):
        yield f"{at}: wanted a text that begins with {prefix!r}, found {found!r}"
    elif "$jwt" in wanted:
        yield from _jwt(wanted["$jwt"], found.removeprefix(prefix), at, configuration)


def _jwt(wanted: Mapping[str, Any], token: str, at: str, configuration: Mapping[str, str]) -> Iterator[str]:
    """A token by its signature, header, claims and lifetime."""
    name = re.search(r"configuration value (\w+)", wanted["key"])
    assert name is not None
    key = configuration[name[1]].encode()
    if wanted["key"].startswith("bytes of base64-decoding"):
        key = base64.urlsafe_b64decode(key.translate(bytes.maketrans(b"+/", b"-_")) + b"=" * (-len(key) % 4))
    yield from unlike(wanted["header"], jwt.get_unverified_header(token), f"{at} header", {})
    with warnings.catch_warnings(action="ignore", category=jwt.InsecureKeyLengthWarning):  # it is the published test's
        claims = jwt.decode(token, key, algorithms=[wanted["header"]["alg"]], options={"verify_aud": False})
    if "exp_minus_iat" in wanted and claims["exp"] - claims["iat"] != wanted["exp_minus_iat"]:
        yield f"{at}: wanted a lifetime of {wanted['exp_minus_iat']} s, found {claims['exp'] - claims['iat']}"
    for unpinned in wanted["unpinned"]:
        if claims.pop(unpinned, None) is None:
            yield f"{at}: wanted the claim {unpinned!r}, found none"
    expected = dict(wanted["claims"])
    if expected.get("jti") == "random-uuid":  # what the test's stand-in answers
        uuid.UUID(claims["jti"])
        expected["jti"] = claims["jti"]
    yield from unlike(expected, claims, f"{at} claims", {})
