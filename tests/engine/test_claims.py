"""The claims policy: what of a worker's answer reaches a token, and what is said about the rest."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.claims import ClaimsTooLarge, Policy
from engine.models import RanRule, TenantSettings
from engine.protected import NAMESPACES, PROFILE, PROTECTED, RESTRICTED
from engine.trace import Blame, Trace
from sandbox import journal

NAMESPACED = "https://example.com/permissions"


RULES = (RanRule("rul_first", "first", 1, "deny"), RanRule("rul_second", "second", 1, "deny"))


def write(path: str, step: int = 0, line: int = 2) -> journal.Write:
    return journal.Write(step=step, op="add", path=path, old=None, new=None, line=line)


def policy(
    *events: journal.Event, limit: int = 100_000, strict_claims: bool = False, scope_changes: bool = False
) -> Policy:
    return Policy(
        TenantSettings(strict_claims=strict_claims, scope_changes=scope_changes),
        limit,
        Blame(Trace(rules=RULES, journal=msgspec.Raw(msgspec.json.encode(events)))),
    )


def told(policy: Policy) -> list[tuple[str, str | None, str | None, int | None]]:
    return [(notice.code, notice.claim, notice.rule, notice.line) for notice in policy.notices]


def test_the_tables_do_not_overlap() -> None:
    assert not PROTECTED.keys() & RESTRICTED.keys()
    assert not PROTECTED.keys() & PROFILE
    assert not RESTRICTED.keys() & PROFILE
    assert not [name for name in (*PROTECTED, *RESTRICTED, *PROFILE) if name.startswith(NAMESPACES)]
    assert all(PROTECTED.values()) and all(RESTRICTED.values())


@pytest.mark.parametrize("token", ["idToken", "accessToken"])
@pytest.mark.parametrize("name", sorted(PROTECTED))
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"N": "mine"}),
        ({"N": "issuer"}, {"N": "mine"}),
        ({"N": "issuer"}, {}),
        ({"N": 1}, {"N": True}),
        ({"N": None}, {}),
    ],
)
def test_only_the_issuer_sets_protected_claims(
    token: str, name: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Set, changed, removed, or changed into what only Python calls equal."""
    before, after = ({(name if key == "N" else key): value for key, value in each.items()} for each in (before, after))
    given = dict(after)
    found = policy(write(f"/context/{token}/{name}", line=7))
    claims, scope = found.apply(token, before, after)
    assert claims == before
    assert [type(value) for value in claims.values()] == [type(value) for value in before.values()]
    assert scope is None
    assert told(found) == [("protected_claim", name, "first", 7)]
    assert name in found.notices[0].message
    assert after == given  # not changed under the caller's feet


@pytest.mark.parametrize("token", ["idToken", "accessToken"])
def test_protected_claims_that_are_left_alone(token: str) -> None:
    before = {name: {"value": [name]} for name in PROTECTED}
    found = policy()
    assert found.apply(token, before, {name: {"value": [name]} for name in PROTECTED})[0] == before
    assert told(found) == []


def test_names_are_compared_exactly() -> None:
    """What merely looks like a protected claim is another claim."""
    after = {"Sub": 1, "sub ": 2, "ｓub": 3, "sub\u200b": 4, "SUB": 5}
    found = policy()
    assert found.apply("idToken", {"sub": "issuer"}, {"sub": "issuer", **after})[0] == {"sub": "issuer", **after}
    assert told(found) == []


@pytest.mark.parametrize(
    ("name", "strict", "kept", "code"),
    [
        (NAMESPACED, False, True, None),
        (NAMESPACED, True, True, None),
        ("http://example.com/a", True, True, None),
        ("urn:example:a", True, True, None),
        ("email", True, True, None),
        ("permissions", False, True, "restricted_claim"),
        ("permissions", True, False, "restricted_claim"),
        ("roles", True, False, "restricted_claim"),
        ("groups", False, True, "restricted_claim"),
        ("colour", False, True, None),
        ("colour", True, True, "not_namespaced"),
        ("ftp://example.com/a", True, True, "not_namespaced"),
        ("", True, True, "not_namespaced"),
        ("a/b~c", True, True, "not_namespaced"),
    ],
)
@pytest.mark.parametrize("token", ["idToken", "accessToken"])
def test_names(token: str, name: str, strict: bool, kept: bool, code: str | None) -> None:
    found = policy(write(f"/context/{token}/{name.replace('~', '~0').replace('/', '~1')}", 1, 9), strict_claims=strict)
    claims, _ = found.apply(token, {}, {name: ["a"]})
    assert claims == ({name: ["a"]} if kept else {})
    assert told(found) == ([(code, name, "second", 9)] if code else [])


def test_what_the_issuer_sent_is_not_the_rules_fault() -> None:
    before = {"permissions": ["issuer"], "colour": "red"}
    found = policy(strict_claims=True)
    assert found.apply("idToken", before, dict(before))[0] == before
    assert told(found) == []
    # What a rule makes of it is refused, and the issuer's stays.
    assert found.apply("idToken", before, {"permissions": ["mine"], "colour": "red"})[0] == before
    assert told(found) == [("restricted_claim", "permissions", None, None)]


@pytest.mark.parametrize(
    ("allowed", "before", "after", "claims", "scope", "refused"),
    [
        (True, {"scope": ["a"]}, {"scope": ["a", "b"]}, {"scope": ["a"]}, ["a", "b"], False),
        (True, {"scope": ["a"]}, {"scope": []}, {"scope": ["a"]}, [], False),
        (True, {}, {"scope": ["b"]}, {}, ["b"], False),
        (True, {"scope": ["a"]}, {"scope": ["a"]}, {"scope": ["a"]}, None, False),
        (True, {"scope": ["a"]}, {"scope": "a b"}, {"scope": ["a"]}, None, True),
        (True, {"scope": ["a"]}, {"scope": [1]}, {"scope": ["a"]}, None, True),
        (True, {"scope": ["a"]}, {}, {"scope": ["a"]}, None, True),
        (True, {"scope": ["a"]}, {"scope": ["a", "b c"]}, {"scope": ["a"]}, None, True),
        (True, {"scope": ["a"]}, {"scope": ["a", ""]}, {"scope": ["a"]}, None, True),
        (True, {"scope": ["a"]}, {"scope": ["a", "ü"]}, {"scope": ["a"]}, None, True),
        (True, {}, {"scope": ["https://api/x.[!#]~"]}, {}, ["https://api/x.[!#]~"], False),
        (False, {"scope": ["a"]}, {"scope": ["a", "b"]}, {"scope": ["a"]}, None, True),
        (False, {}, {"scope": ["b"]}, {}, None, True),
    ],
)
def test_scope(
    allowed: bool,
    before: dict[str, Any],
    after: dict[str, Any],
    claims: dict[str, Any],
    scope: list[str] | None,
    refused: bool,
) -> None:
    found = policy(write("/context/accessToken/scope"), scope_changes=allowed)
    assert found.apply("accessToken", before, after) == (claims, scope)
    assert told(found) == ([("scope_refused", "scope", "first", 2)] if refused else [])


def test_scope_in_an_id_token_is_a_name_like_any_other() -> None:
    found = policy(scope_changes=True)
    assert found.apply("idToken", {}, {"scope": ["a"]}) == ({"scope": ["a"]}, None)


def test_size() -> None:
    """Of the JSON text that would go out, with what was restored and without what was refused."""
    exact = {"a": "x" * 90}  # {"a":"..."} has 98 bytes
    assert policy(limit=98).apply("idToken", {}, exact)[0] == exact
    found = policy(write("/context/idToken/big/deep", 1, 5), limit=97)
    with pytest.raises(ClaimsTooLarge, match="`idToken` have 121 bytes: the limit is 97"):
        found.apply("idToken", {}, {"small": 1, "big": {"deep": "x" * 92}})
    assert told(found) == [("too_large", "big", "second", 5)]
    assert policy(limit=20).apply("idToken", {}, {"sub": "x" * 1000})[0] == {}
    assert policy(limit=20, strict_claims=True).apply("idToken", {}, {"roles": "x" * 1000})[0] == {}


@pytest.mark.parametrize(
    ("path", "claim"),
    [
        ("/context/idToken/https:~1~1example.com~1a", "https://example.com/a"),
        ("/context/accessToken/a~0b", "a~b"),
        ("/context/idToken/a/0", "context.idToken.a.0"),
        ("/user/app_metadata", "user.app_metadata"),
        ("/context/idToken", "context.idToken"),
    ],
)
def test_values_that_are_not_json(path: str, claim: str) -> None:
    event = journal.Refuse(step=1, path=path, reason="a set is not JSON", line=4)
    found = policy(event)
    found.not_json([event, write("/user/a")], ["first", "second"])
    assert told(found) == [("not_json", claim, "second", 4)]
    assert found.notices[0].message == f"`{claim}` was not set: a set is not JSON"


@pytest.mark.parametrize("step", [-1, 2, 10**9])
def test_a_worker_that_lies_about_the_rule(step: int) -> None:
    event = journal.Refuse(step=step, path="/context/idToken/a", reason="no", line=4)
    found = policy(event, write("/context/idToken/sub", step))
    found.not_json([event], ["first", "second"])
    found.apply("idToken", {}, {"sub": "mine"})
    assert told(found) == [("not_json", "a", None, 4), ("protected_claim", "sub", None, None)]
