"""Case files: what is refused, and what counts as a difference."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.calls.given import Exchange
from engine.cases import BadCases, Case, clock_of, read_cases
from engine.execution import Execution
from engine.expecting import differences, parts
from engine.models import CallRecord, Denial, Notice, RanRule, Transaction
from engine.trace import Trace
from sandbox.wire import CallKind


def execution(**changes: Any) -> Execution:
    values: dict[str, Any] = {
        "id": "x",
        "tenant": "default",
        "revision": 1,
        "decision": "allow",
        "idToken": {"https://example.com/a": 1},
        "accessToken": {},
        "updates": {"user_metadata": None, "app_metadata": None},
        "transaction": Transaction(tenant="default", user=b"{}", context=b"{}"),
        "clock": 0,
        "seconds": 0.001,
    }
    return Execution(**values | changes)


def case(clock: datetime | None = None, **expect: Any) -> Case:
    return Case(name="c", user={"user_id": "u"}, context={}, expect=expect, clock=clock)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty; JSON is expected"),
        ("[]", "Expected `object`, got `array`"),
        ("{}", "missing required field `cases`"),
        ('{"cases": [{"name": "a", "user": {}, "context": {}}]}', "missing required field `expect` - at `$.cases[0]`"),
        ('{"cases": [{"name": 1, "user": {}, "context": {}, "expect": {}}]}', "`$.cases[0].name`"),
        ('{"cases": [{"name": "a", "user": [], "context": {}, "expect": {}}]}', "`$.cases[0].user`"),
        ('{"cases": [{"name": "a", "user": {}, "context": null, "expect": {}}]}', "`$.cases[0].context`"),
        ('{"cases": [{"name": "a", "user": {}, "context": {}, "expected": {}}]}', "unknown field `expected`"),
        ('{"cases": [], "more": 1}', "unknown field `more`"),
        (
            '{"cases": [{"name": "a", "user": {}, "context": {}, "expect": {"id_token": {}}}]}',
            "case `a` expects `id_token`: known are decision, idToken,",
        ),
        (
            '{"cases": [{"name": "a", "user": {}, "context": {}, "expect": {}, "clock": "yesterday"}]}',
            "`$.cases[0].clock`",
        ),
    ],
)
def test_bad_files(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "rule.cases.json"
    path.write_text(text)
    with pytest.raises(BadCases) as refused:
        read_cases(path)
    assert str(refused.value).startswith(f"{path}:")
    assert says in str(refused.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadCases, match="no such file"):
        read_cases(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b'{"cases": [{"name": "\xff"}]}')
    with pytest.raises(BadCases):
        read_cases(tmp_path / "bytes.json")
    (tmp_path / "deep.json").write_text('{"cases": [{"name": "a", "user": {"a": ' + "[" * 100_000)
    with pytest.raises(BadCases):
        read_cases(tmp_path / "deep.json")


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "rule.cases.json"
    path.write_text(
        '{"cases": [{"name": "a", "user": null, "context": {}, "expect": {"decision": "allow"},'
        ' "clock": "2026-03-04T05:06:07Z"}]}'
    )
    (found,) = read_cases(path)
    assert found == Case(
        name="a",
        user=None,
        context={},
        expect={"decision": "allow"},
        clock=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    )


def test_clock() -> None:
    assert clock_of(case()) is None
    aware = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
    assert clock_of(case(aware)) == clock_of(case(aware.replace(tzinfo=None))) == 1_772_600_767_890_123_000


def test_differences() -> None:
    found = execution(
        warnings=(Notice(code="protected_claim", message="no"),),
        trace=Trace(
            rules=(RanRule("rul", "r", 1, "deny"),),
            journal=msgspec.Raw(b'[["log",0,"info","a",2],["end",0,"passed",1000,null]]'),
        ),
    )
    assert differences(case(), found) == {}
    assert differences(case(decision="allow", warnings=["protected_claim"], logs=["a"]), found) == {}
    assert differences(case(decision="deny"), found) == {"decision": ("deny", "allow")}
    # Compared as JSON: `true` is not `1` in a token, the order of names says nothing, that of lists does.
    assert set(differences(case(idToken={"https://example.com/a": True}), found)) == {"idToken"}
    assert set(differences(case(idToken={}), found)) == {"idToken"}
    two = execution(idToken={"a": 1, "b": [1, 2]})
    assert differences(case(idToken={"b": [1, 2], "a": 1}), two) == {}
    assert set(differences(case(idToken={"b": [2, 1], "a": 1}), two)) == {"idToken"}


def test_parts_of_a_denial() -> None:
    denied = execution(
        decision="deny", idToken=None, accessToken=None, denial=Denial(error="unauthorized", description="no", rule="r")
    )
    assert msgspec.to_builtins(parts(denied)["denial"]) == {"error": "unauthorized", "description": "no"}
    assert parts(denied)["idToken"] is None


def asked(
    method: str, url: str, body: str = "", headers: dict[str, str] | None = None, kind: CallKind = "http"
) -> CallRecord:
    request = {"method": method, "url": url, "headers": headers or {}, "body": body}
    return CallRecord(
        step=0,
        ordinal=0,
        kind=kind,
        line=2,
        ms=1.0,
        request=msgspec.Raw(msgspec.json.encode(request)),
    )


URL = "https://api.example.com/a"
POSTED = asked("POST", URL, '{"a":1}', {"Content-Type": "application/json", "X-Key": "k"})


@pytest.mark.parametrize(
    ("expected", "unlike"),
    [
        ([{"method": "POST", "url": URL}], False),
        ([{"method": "POST", "url": URL, "json": {"a": 1}}], False),
        ([{"url": URL, "headers": {"x-key": "k"}}], False),
        ([{}], False),
        ([{"method": "POST", "url": URL, "json": {"a": True}}], True),
        ([{"url": URL, "headers": {"x-key": "other"}}], True),
        ([{"url": URL, "headers": {"x-other": "k"}}], True),
        ([{"url": URL, "body": '{"a":1}'}], True),
        ([{"method": "GET", "url": URL}], True),
        ([], True),
        ([{}, {}], True),
        ("no list", True),
        (["POST"], True),
    ],
)
def test_what_was_asked_is_compared(expected: Any, unlike: bool) -> None:
    ran = RanRule("r", "rule", 1, "deny")
    end = b'[["end",0,"passed",1,null]]'
    found = execution(
        trace=Trace(rules=(ran,), journal=msgspec.Raw(end), calls=(POSTED, asked("GET", "k", kind="cache")))
    )
    assert [call["url"] for call in parts(found)["calls"]] == [URL]
    assert bool(differences(case(calls=expected), found)) is unlike


def test_an_answer_that_nobody_asked_for_is_a_difference() -> None:
    ran = RanRule("r", "rule", 1, "deny")
    found = execution(trace=Trace(rules=(ran,), journal=msgspec.Raw(b'[["end",0,"passed",1,null]]'), calls=(POSTED,)))
    twice = msgspec.structs.replace(case(), http=(Exchange(method="POST", url=URL), Exchange(method="POST", url=URL)))
    assert differences(twice, found) == {"http": ([f"POST {URL}"], [])}
    once = msgspec.structs.replace(twice, http=twice.http[:1])
    assert differences(once, found) == {}
