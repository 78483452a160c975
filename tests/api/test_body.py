from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import Any

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from api.body import DEEPEST, json_response, read_json
from api.errors import EXCEPTION_HANDLERS, ApiError

LIMIT = 200_000
JSON = {"content-type": "application/json"}


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    order: int


class Envelope(msgspec.Struct, forbid_unknown_fields=True):
    rules: list[Entry] = []
    user: msgspec.Raw = msgspec.Raw(b"null")
    context: Any = None


async def echo(request: Request) -> Response:
    envelope = await read_json(request, request.headers, Envelope, LIMIT)
    return json_response(envelope, 201, {"X-Kept": "yes"})


APP = Starlette(routes=[Route("/", echo, methods=["POST"])], exception_handlers=EXCEPTION_HANDLERS)


def post(content: bytes | Iterator[bytes], headers: dict[str, str] = JSON) -> httpx2.Response:
    return TestClient(APP).post("/", content=content, headers=headers)


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_what_is_read(media_type: str) -> None:
    body = b'{"rules": [{"order": 1}], "user": {"a":"\\\\ud800\\ud83d\\ude00"}, "context": 2}'
    answer = post(body, {"content-type": media_type})
    assert (answer.status_code, answer.headers["x-kept"]) == (201, "yes")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"rules": [{"order": 1}], "user": {"a": "\\ud800😀"}, "context": 2}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/jsonp"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_only_json_in_utf_8(headers: dict[str, str]) -> None:
    answer = post(b"{}", headers)
    assert (answer.status_code, answer.json()["error"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "message", "place"),
    [
        (b'{"context": [1,]}', "trailing comma in array", (15, 1, 16)),
        (b'{\n "user": nope}', "invalid character", (12, 2, 11)),
        ('{"context":\n "\u00e9", 1}'.encode(), "object keys must be strings", (19, 2, 7)),
        (b'{"context": 1', "the JSON ends too early", (13, 1, 14)),
        (b"{} {}", "trailing characters", (3, 1, 4)),
        (b'{"context": NaN}', "`NaN` is not JSON; use `null` or a number", (12, 1, 13)),
        (b'{"user": -Infinity}', "`-Infinity` is not JSON; use `null` or a number", (9, 1, 10)),
        (b'{"user": "a\xff"}', "invalid UTF-8: invalid start byte", (11, 1, 12)),
        (b'{"user": "\xed\xa0\x80"}', "invalid UTF-8: invalid continuation byte", (10, 1, 11)),
        (
            b'{"user": "\\ud800"}',
            "`\\ud800` is half a surrogate pair; escape both halves",
            (10, 1, 11),
        ),
        (
            b'{"context": "\\ud83d\\ude00\\uDE00"}',
            "`\\uDE00` is half a surrogate pair; escape both halves",
            (25, 1, 26),
        ),
        (
            b"\xef\xbb\xbf{}",
            "the JSON starts with a byte order mark; leave it out",
            (0, 1, 1),
        ),
    ],
)
def test_broken_json_has_its_place(body: bytes, message: str, place: tuple[int, int, int]) -> None:
    answer = post(body)
    offset, line, column = place
    assert answer.status_code == 400
    problem = {"offset": offset, "line": line, "column": column, "message": message}
    assert answer.json() == {
        "error": "invalid_request",
        "error_description": f"line {line}, column {column} (byte {offset}): {message}",
        "problems": [problem],
    }


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        (b'{"rules": [{"order": 1}, {"order": "x"}]}', "$.rules[1].order", "expected `int`, got `str`"),
        (b'{"rules": [{}]}', "$.rules[0]", "object missing required field `order`"),
        (b'{"rules": [{"order": 1, "name": 2}]}', "$.rules[0]", "object contains unknown field `name`"),
        (b'{"rule": []}', "$", "object contains unknown field `rule`"),
        (b"[]", "$", "expected `object`, got `array`"),
        (b'{"context": {"a": 1e999}}', "$.context[...]", "number out of range"),
        (b'{"context": 1' + b"0" * 5_000 + b"}", "$.context", "integer value out of range"),
    ],
)
def test_wrong_values_have_their_path(body: bytes, path: str, message: str) -> None:
    answer = post(body)
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_request",
        "error_description": f"`{path}`: {message}",
        "problems": [{"path": path, "message": message}],
    }


@pytest.mark.parametrize("body", [b"", b" \n\t "])
def test_an_empty_body(body: bytes) -> None:
    answer = post(body)
    assert answer.status_code == 400
    assert answer.json()["error_description"] == "the body is empty; send a JSON value"


@pytest.mark.parametrize("field", ["user", "context"])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[1, "}]\\"", {"[": ', b'}, "["]')])
@pytest.mark.parametrize("levels", [DEEPEST, 200, 500, 5_000])
def test_deep_nesting(field: str, opening: bytes, closing: bytes, levels: int) -> None:
    answer = post(b'{"%s":' % field.encode() + opening * levels + b"1" + closing * levels + b"}")
    assert answer.status_code == 400
    assert answer.json()["error_description"] == "the JSON is nested too deeply: 100 levels are the most"


def test_brackets_are_not_depth() -> None:
    value = b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1)
    text = b'"\\"[[[\\\\"'
    body = b'{"context": %s, "user": [%s]}' % (value, b",".join([text, b"[]", b"{}"] * 1000))
    assert post(body).status_code == 201


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"context": 1, "context": 2}', "context"),
        (b'{"context": 1, "cont\\u0065xt": 2}', "context"),
        (b'{"user": {"a": [{"b": 1, "b": 1}]}}', "b"),
        (b'{"user": [1e99999, ' + b"9" * 9_000 + b'], "rules": [], "rules": []}', "rules"),
        (b'{"user": {"' + b"n" * 500 + b'": 1, "' + b"n" * 500 + b'": 2}}', "n" * 100 + "..."),
    ],
)
def test_a_name_stands_once(body: bytes, name: str) -> None:
    message = f"the name `{name}` stands twice in one object; keep one"
    assert post(body).json() == {
        "error": "invalid_request",
        "error_description": message,
        "problems": [{"name": name, "message": message}],
    }


def test_a_long_name_is_cut() -> None:
    answer = post(b'{"' + b"n" * 10_000 + b'": 1}')
    assert answer.status_code == 400
    assert len(answer.json()["error_description"]) < 400


def test_too_large_by_its_length() -> None:
    assert post(b" " * LIMIT + b"{}").status_code == 413
    assert post(b" " * (LIMIT - 2) + b"{}").status_code == 201
    for length in ("9" * 5_000, str(LIMIT + 1)):
        answer = post(b"{}", {**JSON, "content-length": length})
        assert (answer.status_code, answer.json()["error"]) == (413, "payload_too_large")


@pytest.mark.anyio
async def test_too_large_while_it_streams() -> None:
    read = 0

    async def endless() -> AsyncGenerator[dict[str, Any], None]:
        nonlocal read
        while True:
            read += 1
            yield {"type": "http.request", "body": b" " * 50_000, "more_body": True}

    messages = endless()
    scope = {"type": "http", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(ApiError) as refused:
        await read_json(Request(scope, messages.__anext__), Headers(scope=scope), Envelope, LIMIT)
    await messages.aclose()
    assert (refused.value.status, read) == (413, 5)
    assert refused.value.description == f"the body is larger than {LIMIT} bytes"


@pytest.mark.anyio
async def test_a_caller_that_goes_away() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(ApiError, match="the connection ended before the body did"):
        await read_json(Request(scope, receive), Headers(scope=scope), Envelope, LIMIT)
