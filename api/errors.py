"""All that can go wrong, in the words a caller sees; one function decides what leaves the process.

An error has a stable code, a public description and a private detail. The body is always
`{"error", "error_description", "problems"}` (RFC 6749 section 5.2, with the list of problems added).
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Mapping, Sequence
from http.client import responses
from typing import Any, NamedTuple

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from api.origin import origin_of
from api.request_id import echo_request_id
from engine.models import NO_LABELS, labels

log = structlog.get_logger(__name__)


class Row(NamedTuple):
    status: int
    description: str


# The first code of a status is the one for errors that only have a status.
ERRORS = {
    "invalid_request": Row(400, "the request cannot be understood"),
    "unauthorized": Row(401, "a bearer token is required"),  # RFC 6750 section 3: no token at all
    "invalid_token": Row(401, "the token is not valid"),  # RFC 6750 section 3.1: a token that is refused
    "insufficient_scope": Row(403, "the token does not allow this"),
    "not_found": Row(404, "there is no such thing here"),
    "method_not_allowed": Row(405, "this address does not take that method"),
    "conflict": Row(409, "the request contradicts the present state; read it again and retry"),
    "precondition_failed": Row(412, "it was changed meanwhile; read it again and retry"),
    "payload_too_large": Row(413, "the request body is too large"),
    "unsupported_media_type": Row(415, "the request body must be application/json"),
    "unprocessable": Row(422, "the request is well-formed but cannot be carried out"),
    "invalid_rule": Row(422, "the rule has problems"),
    "too_many_requests": Row(429, "too many requests; slow down"),
    "server_error": Row(500, "internal error"),
    "temporarily_unavailable": Row(503, "the service cannot answer just now; retry"),
}

BY_STATUS = {row.status: code for code, row in reversed(ERRORS.items())}


class Error(msgspec.Struct, frozen=True):
    """Why there is no answer. `problems` are places in what was sent, or in a rule."""

    error: str
    error_description: str
    problems: Sequence[Mapping[str, Any]]


class ApiError(Exception):
    """Ends a request with one of `ERRORS`.

    `description` and `problems` are for the caller; `detail` only ever reaches the log.
    """

    def __init__(
        self,
        error: str,
        description: str | None = None,
        *,
        problems: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        detail: str | None = None,
    ) -> None:
        self.error = error
        self.status, default = ERRORS[error]
        self.description = description or default
        self.problems = tuple(problems)
        self.headers = dict(headers or {})
        self.detail = detail
        super().__init__(f"{error}: {self.description}")


def error_response(exc: Exception, named: Mapping[str, str] = NO_LABELS) -> Response:
    """The answer to a request that ended with `exc`: the only place that decides what a caller learns of it.

    An `ApiError` shows its code, description and problems, an `HTTPException` its status and headers;
    for anything else, and for `server_error`, the answer is an id and the log has the rest under that id. A log line
    says what the request is `named`.
    """
    if isinstance(exc, HTTPException):
        if exc.status_code < 400:
            return Response(status_code=exc.status_code, headers=exc.headers)
        if exc.status_code < 500 or exc.status_code == 503:
            code = BY_STATUS.get(exc.status_code, "invalid_request")
            known = ERRORS[code].status == exc.status_code
            description = None if known else responses.get(exc.status_code, "").lower()
            return _answer(ApiError(code, description, headers=exc.headers), exc.status_code)
    if isinstance(exc, ApiError) and exc.error != "server_error":
        log.debug("request refused", error=exc.error, reason=type(exc).__name__, detail=exc.detail, **named)
        return _answer(exc, exc.status)
    error_id = secrets.token_hex(8)
    # As text: a renderer that formats the exception itself may print local variables, and they hold secrets.
    text = "".join(traceback.format_exception(exc))
    log.error("unexpected error", error_id=error_id, detail=getattr(exc, "detail", None), exception=text, **named)
    return _answer(ApiError("server_error", f"internal error; the log has it under the id `{error_id}`"), 500)


def _answer(exc: ApiError, status: int) -> Response:
    headers = dict(exc.headers)
    if status == 503:
        headers.setdefault("Retry-After", "1")
    if status == 401:
        headers.setdefault("WWW-Authenticate", challenge())
    body = Error(exc.error, exc.description, exc.problems)
    return Response(msgspec.json.encode(body), status, headers, "application/json")


def challenge(**parameters: str) -> str:
    """The value of `WWW-Authenticate` (RFC 6750 section 3).

    The values must be made of the characters that section allows: our own texts, never the caller's.
    """
    pairs = {"realm": "claimsmith", **parameters}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in pairs.items())


def refuse(request: Request, exc: Exception) -> Response:
    """The answer to `request`, counted and labelled."""
    response = error_response(exc, labels(origin_of(request.headers)))
    if (service := getattr(request.app.state, "service", None)) is not None:
        service.metrics.refused[response.status_code] += 1
    return echo_request_id(request, response)


async def _handle(request: Request, exc: Exception) -> Response:
    return refuse(request, exc)


# For `Starlette(exception_handlers=...)`.
EXCEPTION_HANDLERS: dict[Any, ExceptionHandler] = {
    ApiError: _handle,
    HTTPException: _handle,
    Exception: _handle,
}
