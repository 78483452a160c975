"""A record in the pieces that are shown, without a browser."""

from __future__ import annotations

from typing import Any

import pytest

from api.console import recorded


def step(rule: str, ms: float = 1.0, outcome: str = "passed", **more: Any) -> dict[str, Any]:
    made = {"rule": rule, "rule_id": f"rul_{rule}", "version": 1, "outcome": outcome, "ms": ms}
    return {**made, "writes": [], "logs": [], "calls": [], "error": None, **more}


def write(path: str, op: str, old: Any, new: Any, line: int = 1, rolled_back: bool = False) -> dict[str, Any]:
    return {"path": path, "op": op, "old": old, "new": new, "line": line, "rolled_back": rolled_back}


def record(steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    transaction = {"user": {"email": "a"}, "context": {"idToken": {"sent": 1}}}
    made: dict[str, Any] = {
        "idToken": None,
        "accessToken": None,
        "warnings": [],
        "removed": [],
        "transaction": transaction,
    }
    return {**made, "steps": steps, **more}


def test_a_claim_has_every_write_that_lasted() -> None:
    writes = [
        write("/context/idToken/a~1b", "add", None, [1], 2),
        write("/context/idToken/a~1b/1", "add", None, 2, 3),
        write("/context/idToken", "replace", {"a/b": [1, 2]}, {"a/b": 5, "c": 1}, 4),
        write("/context/idToken/a~1b", "replace", 5, 6, 5, rolled_back=True),
        write("/context/accessToken/a~1b", "add", None, 7, 6),
        write("/user/a~1b", "add", None, 8, 7),
    ]
    found = recorded.claims(record([step("one", writes=writes)], idToken={"c": 1, "a/b": 5}), "idToken")
    assert [(claim.name, claim.value) for claim in found] == [("a/b", 5), ("c", 1)]
    told = [(one.number, one.line, one.below, one.was_there, one.old, one.new) for one in found[0].writings]
    assert told == [(0, 2, "", False, None, [1]), (1, 3, "1", False, None, 2), (2, 4, "", True, [1, 2], 5)]
    assert [(one.line, one.was_there, one.new) for one in found[1].writings] == [(4, False, 1)]


@pytest.mark.parametrize("hidden", [None, "***", ["***"], 3])
def test_what_is_hidden_is_no_claim(hidden: Any) -> None:
    shown = record([], idToken=hidden, transaction={"user": hidden, "context": hidden})
    assert recorded.claims(shown, "idToken") == []
    assert recorded.known_names(shown) == []


def test_names_to_ask_for() -> None:
    writes = [write("/user/permissions", "add", None, []), write("/context/idToken/gone", "remove", 1, None)]
    shown = record([step("one", writes=writes)], idToken={"there": 1}, warnings=[{"claim": "iss"}, {"claim": None}])
    assert recorded.known_names(shown) == ["there", "sent", "iss", "permissions", "gone", "email"]


def test_bars_stand_one_behind_the_other() -> None:
    assert recorded.bars([step("one", 1), step("two", 3)]) == [(0.0, 25.0), (25.0, 75.0)]
    assert recorded.bars([step("none", 0)]) == [(0.0, recorded.SMALLEST)]
    small = recorded.bars([step("one", 1000), step("two", 0.001)])
    assert all(bar.start + bar.width <= 100.5 for bar in small)
    assert recorded.bars([]) == []


def test_a_long_record_opens_what_failed() -> None:
    long = step("long", logs=[{}] * (recorded.MOST_OPEN + 1))
    assert recorded.opened([long, step("fails", outcome="raised"), step("fine")]) == [False, True, False]
    assert recorded.opened([step("fine"), step("fails", outcome="raised")]) == [True, True]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("no code", [(False, "no code")]),
        ("`a` was `b`", [(True, "a"), (False, " was "), (True, "b")]),
        ("not `closed", [(False, "not `closed")]),
        ("`a` and `b", [(True, "a"), (False, " and `b")]),
    ],
)
def test_code_in_sentences(text: str, pieces: list[tuple[bool, str]]) -> None:
    assert recorded.in_words(text) == pieces


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        ("/user/app_metadata/plan", "user.app_metadata.plan"),
        ("/context/idToken/https:~1~1example.com~1plan", 'context.idToken["https://example.com/plan"]'),
        ("/user/groups/0", "user.groups[0]"),
        ("/user/a~0b", 'user["a~b"]'),
        ("/user/", 'user[""]'),
        ("", ""),
    ],
)
def test_paths_as_rules_write_them(pointer: str, text: str) -> None:
    assert recorded.spelt(pointer) == text
