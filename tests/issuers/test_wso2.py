"""Answers to WSO2 against a model of what it makes of them: the token has exactly the claims of the execution, and
nothing is dropped there that was not said here."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.issuers import wso2
from api.issuers.issuer import Cause, Refusal
from cli.simulation import calls_of
from engine.capability import swapped
from engine.carrier import Carrier
from engine.claims import Policy
from engine.models import HookSettings, TenantSettings
from engine.trace import Blame, Trace
from tests.issuers.hooked import call, hooked
from tests.issuers.test_hostile import executed
from tests.issuers.wso2_model import Issued, readable
from tests.service import running

JSON = dict[str, Any]

NAMES = """groups roles given_name email https://example.com/roles audit audience 0 +1 99999999999 \u0661 - a/b a/ scope
Scope sCOPE expires_in aut tenant realm subject_type binding_ref act sub iss aud client_id exp sid x""".split()
names = st.sampled_from([*NAMES, "", " ", "ü"])
texts = st.sampled_from(["a", "b", "c", "d", "", "1"])
scalars = texts | st.booleans() | st.integers(-9, 10**20) | st.floats(allow_nan=False, allow_infinity=False)
lists: st.SearchStrategy[Any] = st.lists(texts, max_size=4) | st.lists(scalars, max_size=3) | st.just([[]])
values = scalars | lists | st.none() | st.just({"a": 1})


@st.composite
def calls(draw: st.DrawFn) -> JSON:
    """As its builders make them, and looser: any of their paths can be missing, or stand for all below it."""
    access = draw(st.booleans())
    token = "accessToken" if access else "idToken"
    base = f"/{token}/claims/"
    others = names.filter(lambda name: name not in ("expires_in", "scope"))
    claims = draw(st.dictionaries(others, values, max_size=6))
    listed = [base + name for name, value in claims.items() if draw(st.booleans()) and not isinstance(value, list)]
    listed += [f"{base}{name}/" for name, value in claims.items() if isinstance(value, list)]
    if not access:
        listed += [base + name for name in claims if draw(st.booleans())]
    allowed = [{"op": op, "paths": [path for path in listed if draw(st.booleans())]} for op in ("remove", "replace")]
    everywhere = [base, f"/{token}/scopes/", base + "aud/", base + "expires_in"]
    for op in ("add", "remove", "replace", "redirect"):
        paths = [path for path in everywhere if draw(st.integers(0, 3)) or (op == "add" and draw(st.integers(0, 3)))]
        allowed.append({"op": op, "paths": paths})
    sent = [{"name": name, "value": value} for name, value in claims.items()]
    if draw(st.booleans()):
        sent.insert(draw(st.integers(0, len(sent))), {"name": "expires_in", "value": 3600})
    part: JSON = {"claims": sent} | ({"scopes": draw(st.lists(texts, max_size=3))} if access else {})
    return {
        "actionType": "PRE_ISSUE_ACCESS_TOKEN" if access else "PRE_ISSUE_ID_TOKEN",
        "event": {"request": {"clientId": "shop"}, token: part, "user": {"id": "u1"}},
        "allowedOperations": allowed,
    }


@st.composite
def changes(draw: st.DrawFn, before: JSON) -> JSON:
    """What rules make of the claims: lists that lose, swap and gain members most of all."""
    after = copy.deepcopy(before)
    for name in draw(st.lists(names | st.sampled_from([*before, "new"]), max_size=6)):
        now = after.get(name)
        if draw(st.integers(0, 3)) == 0:
            after.pop(name, None)
        elif isinstance(now, list) and draw(st.integers(0, 3)):
            after[name] = draw(st.permutations(now))[: draw(st.integers(0, len(now)))] + draw(
                st.lists(texts, max_size=2)
            )
        else:
            after[name] = draw(values)
    return after


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_token_has_the_claims_of_the_execution(data: st.DataObject) -> None:
    call = data.draw(calls())
    asked = wso2.parse(copy.deepcopy(call), HookSettings())
    (token,) = asked.capability.tokens
    before: Any = {"idToken": {}, "accessToken": {}} | {name: dict(value) for name, value in asked.claims.items()}
    wanted = before | {token: data.draw(changes(before[token]))}
    blame = Blame(Trace())
    policy = Policy(TenantSettings(scope_changes=True, lifetime_changes=True), 100_000, blame)
    carrier = Carrier(asked.capability, blame)
    applied = {name: policy.apply(name, before[name], wanted[name]) for name in before}
    carried = carrier.claims(before, {name: claims for name, (claims, _) in applied.items()})
    scope = carrier.scope(applied["accessToken"][1])
    lifetime = carrier.lifetime({token: data.draw(st.integers(1, 10**9))} if data.draw(st.booleans()) else {})
    execution = executed(asked, carried["idToken"], carried["accessToken"], scope=scope, lifetime=lifetime)
    answer = wso2.allow(asked, execution).body
    assert answer is not None

    issued = Issued(call, answer)
    assert issued.dropped == []
    claims = {name: value for name, value in carried[token].items() if name != "scope" or not asked.capability.scope}
    came = {one["name"]: one["value"] for one in call["event"][token]["claims"] if one["name"] == "expires_in"}
    assert issued.claims == claims | came | ({"expires_in": lifetime[token]} if lifetime else {})
    if scope is not None:
        assert set(issued.scopes) == set(scope)
    else:
        assert issued.scopes == (call["event"][token].get("scopes") or [])
    if carried[token] != wanted[token] and scope is None:
        assert [*policy.notices, *carrier.notices]

    # The lists of ID tokens are the same for what came and what becomes of it, if no member is there twice.
    if all(len(set(map(str, one))) == len(one) for one in before[token].values() if isinstance(one, list)):
        again = Issued(call, answer, running=True)
        assert (again.dropped, again.claims) == ([], issued.claims)


@pytest.mark.parametrize(
    ("before", "after", "made"),
    [
        ("", "", ""),
        ("ab", "ab", "ab"),
        ("abc", "b", "b"),
        ("abc", "", ""),
        ("abc", "axc", "acx"),
        ("ab", "ba", "ab"),
        ("ab", "xy", "xy"),
        ("ab", "abx", None),
        ("", "x", None),
        ("ab", "aa", None),
        ("ab", "xx", None),
        ("aab", "ab", "ab"),
        ("aba", "ab", "ba"),
        ("aab", "aaa", None),
        ("aa", "", ""),
    ],
)
def test_what_swapping_makes_of_a_list(before: str, after: str, made: str | None) -> None:
    assert swapped(list(before), list(after)) == (None if made is None else list(made))


def test_long_lists_take_no_time() -> None:
    before = [str(n) for n in range(200_000)]
    assert swapped(before, before[1::2]) == before[1::2]


@pytest.mark.anyio
async def test_a_record_shows_no_secrets_of_a_login(tmp_path: Path) -> None:
    secret = {"type": "bearer", "value": "correct-horse-battery"}
    body = copy.deepcopy(calls_of(wso2.ISSUER)["access-token"])
    body["event"]["request"] |= {
        "additionalParams": [{"name": "client_assertion", "value": ["ey.secret"]}, {"name": "otp", "value": ["123"]}],
        "additionalHeaders": [{"name": "X-Api-Key", "value": ["key-of-theirs"]}, {"name": "X-Shop", "value": ["7"]}],
    }
    async with running(tmp_path) as service:
        tenant = await hooked(service, "wso2", secrets={"key": secret}, rules=["pass"])
        headers = {"content-type": "application/json", "authorization": "Bearer correct-horse-battery"}
        response = await call(service, "wso2", tenant, headers, body)
        record = await service.record(response.headers["claimsmith-execution"], tenant)
    context = record["transaction"]["context"]
    for secrets in ("ey.secret", "123", "key-of-theirs", "correct-horse"):
        assert f'"{secrets}"' not in msgspec.json.encode(context).decode()
    request = context["issuer"]["request"]["event"]["request"]
    assert request["additionalHeaders"] == {"X-Api-Key": "***", "X-Shop": "7"}
    assert request["additionalParams"] == {"client_assertion": "***", "otp": "***"}


@pytest.mark.parametrize("cause", ["denied", "failed", "unavailable", "invalid", "unauthenticated"])
@pytest.mark.parametrize("error", ["access_denied", "interaction_required"])
@pytest.mark.parametrize(
    "text", ["", "no", 'Nicht für Sie, «Ada»: `x` & "y" @ a/b\n\0', "é" * 400, "ü" * 299, "\u3042" * 301, "-]", " "]
)
def test_every_refusal_can_be_read(cause: Cause, error: str, text: str) -> None:
    body = wso2.refuse(Refusal(cause=cause, text=text, error=error)).body
    assert body is not None
    assert readable(body), body


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("blocked by rule", "blocked by rule"),
        ("Nicht für Sie, Ada", "Nicht fur Sie; Ada"),
        ("ask `ops@example.com`", "ask 'ops?example.com'"),
        ("it's “over”", "it's ?over?"),
        ("", "access_denied"),
    ],
)
def test_the_text_of_a_denial(text: str, said: str) -> None:
    body = wso2.refuse(Refusal(cause="denied", text=text)).body
    assert body == {"actionStatus": "FAILED", "failureReason": "access_denied", "failureDescription": said}
