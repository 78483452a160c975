"""Whatever stands in a call, an issuer's pair understands it or says `ValidationError`; whatever rules have set, it has
an answer that is JSON."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.issuers.issuer import Asked, Cause, Refusal
from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from engine.capability import TOKENS
from engine.execution import Execution
from engine.models import HookSettings, Transaction
from engine.transaction import read_view

CALLS = [(name, call) for name, issuer in ISSUERS.items() for call in calls_of(issuer)]
IDS = [f"{name}: {call}" for name, call in CALLS]
SETTINGS = [HookSettings(), HookSettings(id_token_claims=True), HookSettings(version="1"), HookSettings(version="3")]
CAUSES: tuple[Cause, ...] = ("denied", "failed", "unavailable", "invalid", "unauthenticated")

names = st.sampled_from(
    ["", "a", "~", "/", "a/b~1", "https://example.com/x", "expires_in", "scope", "sub", "\0", "ü", "-"]
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)
claims = st.dictionaries(names, values, max_size=5)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        found += places(member, (*path, key))
    return found


def changed(call: Any, path: tuple[Any, ...], value: Any, remove: bool) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(call)
    holder = changed
    for part in path[:-1]:
        holder = holder[part]
    if remove:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return changed


def understood(issuer: str, body: Any, how: HookSettings) -> Asked | None:
    try:
        return ISSUERS[issuer].parse(body, how)
    except msgspec.ValidationError as error:
        assert str(error)
        return None


def executed(asked: Asked, id_token: Any, access_token: Any, **members: Any) -> Execution:
    return Execution(
        id="01",
        tenant="t",
        transaction=Transaction(tenant="t", user=None, context=b"{}"),
        revision=1,
        decision="allow",
        idToken=id_token,
        accessToken=access_token,
        updates={"user_metadata": None, "app_metadata": None} | members.pop("updates", {}),
        clock=0,
        seconds=0.0,
        **members,
    )


@pytest.mark.parametrize(("issuer", "call"), CALLS, ids=IDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_call(issuer: str, call: str, data: st.DataObject) -> None:
    body = calls_of(ISSUERS[issuer])[call]
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(body)))
        remove = data.draw(st.booleans()) and path != ()
        value = data.draw(values)
        body = changed(body, path, value if path else {"a": value}, remove)
        if not isinstance(body, dict):
            return
    asked = understood(issuer, body, data.draw(st.sampled_from(SETTINGS)))
    if asked is None:
        return
    context = msgspec.json.encode(asked.context)
    user = None if asked.user is None else msgspec.json.encode(asked.user)
    transaction = Transaction(tenant="t", user=user, context=context, capability=asked.capability)
    read_view(transaction)  # what the engine reads of it
    msgspec.json.decode(msgspec.json.encode(asked.capability), type=type(asked.capability))  # as a record keeps it
    reply = ISSUERS[issuer].allow(asked, executed(asked, asked.claims["idToken"], asked.claims["accessToken"]))
    assert 200 <= reply.status < 300
    msgspec.json.encode(reply.body)


@pytest.mark.parametrize(("issuer", "call"), CALLS, ids=IDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_claims(issuer: str, call: str, data: st.DataObject) -> None:
    """More than the engine would let through: it knows the capability, and here it is not asked."""
    asked = ISSUERS[issuer].parse(calls_of(ISSUERS[issuer])[call], data.draw(st.sampled_from(SETTINGS)))
    execution = executed(
        asked,
        asked.claims["idToken"] | data.draw(claims),
        data.draw(claims),
        scope=data.draw(st.none() | st.lists(st.text(max_size=3), max_size=3)),
        lifetime=data.draw(st.dictionaries(st.sampled_from(TOKENS), st.integers(1, 10**9))),
        updates={"user_metadata": data.draw(st.none() | claims)},
    )
    reply = ISSUERS[issuer].allow(asked, execution)
    assert msgspec.json.decode(msgspec.json.encode(reply.body)) == reply.body


@pytest.mark.parametrize("issuer", ISSUERS)
@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("text", ["", "no", "ü\n\0" * 1000])
def test_every_refusal_has_an_answer(issuer: str, cause: Cause, text: str) -> None:
    reply = ISSUERS[issuer].refuse(Refusal(cause=cause, text=text))
    assert reply.body
    msgspec.json.encode(reply.body)
