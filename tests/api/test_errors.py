from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from api.errors import ERRORS, EXCEPTION_HANDLERS, ApiError, challenge, error_response


def client(fail: Callable[[], Exception]) -> TestClient:
    async def endpoint(request: Request) -> Response:
        raise fail()

    async def fine(request: Request) -> Response:
        return PlainTextResponse("fine")

    routes = [Route("/fails", endpoint), Route("/fine", fine, methods=["GET"])]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("code", [code for code in ERRORS if code != "server_error"])
def test_every_code_has_the_one_shape(code: str) -> None:
    answer = client(lambda: ApiError(code, detail="private")).get("/fails")
    assert answer.status_code == ERRORS[code].status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "error": code,
        "error_description": ERRORS[code].description,
        "problems": [],
    }
    assert ("retry-after" in answer.headers) == (answer.status_code == 503)
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)


def test_description_problems_and_headers_go_out() -> None:
    problems = [{"line": 3, "column": 1, "code": "import", "message": "`os` is not available"}]
    error = ApiError("invalid_rule", "1 problem", problems=problems, headers={"X-Rule": "r1"}, detail="private")
    answer = client(lambda: error).get("/fails")
    assert (answer.status_code, answer.headers["x-rule"]) == (422, "r1")
    assert answer.json() == {"error": "invalid_rule", "error_description": "1 problem", "problems": problems}


def test_own_headers_stand_before_the_defaults() -> None:
    answer = client(lambda: ApiError("temporarily_unavailable", headers={"Retry-After": "7"})).get("/fails")
    assert answer.headers.get_list("retry-after") == ["7"]
    assert challenge(error="invalid_token") == 'Bearer realm="claimsmith", error="invalid_token"'


@pytest.mark.parametrize(
    "error", [ValueError("hunter2"), ApiError("server_error", "hunter2", detail="hunter2"), RecursionError()]
)
def test_what_is_unexpected_leaves_as_an_id(error: Exception) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = client(lambda: error).get("/fails")
    assert answer.status_code == 500
    body = answer.json()
    assert body.keys() == {"error", "error_description", "problems"}
    assert (body["error"], body["problems"]) == ("server_error", [])
    found = re.fullmatch(r"internal error; the log has it under the id `([0-9a-f]{16})`", body["error_description"])
    assert found
    assert [(line["error_id"], line["log_level"]) for line in logs] == [(found[1], "error")]
    assert "Traceback" in logs[0]["exception"]
    assert "raise fail()" in logs[0]["exception"]


def test_starlettes_own_errors_get_the_shape() -> None:
    service = client(lambda: HTTPException(418, "private", headers={"X-Tea": "pot"}))
    missing = service.get("/nowhere")
    assert (missing.status_code, missing.json()["error"]) == (404, "not_found")
    wrong = service.delete("/fine")
    assert (wrong.status_code, wrong.json()["error"]) == (405, "method_not_allowed")
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD"}
    teapot = service.get("/fails")
    assert (teapot.status_code, teapot.headers["x-tea"]) == (418, "pot")
    assert teapot.json() == {
        "error": "invalid_request",
        "error_description": "i'm a teapot",
        "problems": [],
    }


def test_statuses_of_http_exceptions() -> None:
    assert error_response(HTTPException(304)).body == b""
    assert error_response(HTTPException(503)).headers["retry-after"] == "1"
    assert error_response(HTTPException(401)).headers["www-authenticate"] == 'Bearer realm="claimsmith"'
    assert error_response(HTTPException(499)).status_code == 499
    for status in (500, 502):
        answer = error_response(HTTPException(status, "private"))
        assert answer.status_code == 500
        assert b"under the id" in bytes(answer.body)
        assert b"private" not in bytes(answer.body)


def test_errors_of_status_500_and_unknown_codes() -> None:
    with pytest.raises(KeyError):
        ApiError("teapot")
    assert str(ApiError("conflict", "changed")) == "conflict: changed"
