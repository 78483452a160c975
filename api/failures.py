"""What goes wrong below the API, in the API's words: one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from api.errors import ApiError, refuse
from engine.cases import InvalidCases
from engine.casing import NoCase
from engine.configuration import InvalidValue
from engine.exports.exports import Differs
from engine.exports.passphrase import BadPassphrase
from engine.exports.reading import BadExport
from engine.hook_secrets import InvalidSecret
from engine.seal import Broken
from engine.store.errors import Conflict, EtagMismatch, NotFound, OrderIncomplete, Unavailable, Unstorable
from engine.transaction import InvalidTransaction
from engine.validity import InvalidScript, InvalidScripts, TooManyModules
from sandbox.pool import Busy
from sandbox.process import SandboxUnavailable
from sandbox.wire import Problem

MOST_NAMED = 3


def _invalid_script(exc: InvalidScript) -> ApiError:
    first, *more = (problem for problem in exc.problems if problem.severity == "error")
    text = _place(first) + _and_more(len(more))
    return ApiError("invalid_rule", text, problems=[_problem(problem) for problem in exc.problems])


def _invalid_scripts(exc: InvalidScripts) -> ApiError:
    found = [(which, problem) for which, problems in exc.problems.items() for problem in problems]
    ((kind, name), first), *more = (pair for pair in found if pair[1].severity == "error")
    text = f"{kind} `{name}`, {_place(first)}{_and_more(len(more))}"
    shown = [{kind: name, **_problem(problem)} for (kind, name), problem in found]
    return ApiError("invalid_rule", text, problems=shown)


def _place(problem: Problem) -> str:
    return f"line {problem.line}, column {problem.column}: {problem.message}"


def _and_more(count: int) -> str:
    return f" (and {count} more)" if count else ""


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity,
    }


def _invalid_transaction(exc: InvalidTransaction) -> ApiError:
    return ApiError("invalid_request", f"`{exc.path}`: {exc}", problems=[{"path": exc.path, "message": str(exc)}])


def _invalid_cases(exc: InvalidCases) -> ApiError:
    return ApiError("invalid_request", f"`{exc.path}`: {exc}", problems=[{"path": exc.path, "message": str(exc)}])


def _bad_export(exc: BadExport) -> ApiError:
    problems = [] if exc.line is None else [{"line": exc.line, "message": exc.message}]
    return ApiError("unprocessable", str(exc), problems=problems)


def _differs(exc: Differs) -> ApiError:
    shown = [f"{one.kind} `{one.name}` ({one.how})" for one in exc.differences[:MOST_NAMED]]
    text = f"{exc}: {', '.join(shown)}{_and_more(len(exc.differences) - len(shown))}"
    return ApiError("conflict", text, problems=[msgspec.to_builtins(one) for one in exc.differences])


FAILURES: dict[type[Exception], Callable[[Any], ApiError]] = {
    InvalidScript: _invalid_script,
    InvalidScripts: _invalid_scripts,
    InvalidCases: _invalid_cases,
    InvalidTransaction: _invalid_transaction,
    InvalidSecret: lambda exc: ApiError("unprocessable", str(exc)),
    InvalidValue: lambda exc: ApiError("unprocessable", str(exc)),
    BadExport: _bad_export,
    BadPassphrase: lambda exc: ApiError("unprocessable", str(exc)),
    Differs: _differs,
    TooManyModules: lambda exc: ApiError("unprocessable", str(exc)),
    Broken: lambda exc: ApiError("temporarily_unavailable", str(exc)),  # by hand, but nothing was decided
    NoCase: lambda exc: ApiError("unprocessable", str(exc)),
    NotFound: lambda exc: ApiError("not_found", exc.message),
    Conflict: lambda exc: ApiError("conflict", exc.message, problems=[{"code": exc.code, "message": exc.message}]),
    EtagMismatch: lambda exc: ApiError("precondition_failed", exc.message),
    OrderIncomplete: lambda exc: ApiError(
        "unprocessable",
        exc.message,
        problems=[{"missing": exc.missing, "unknown": exc.unknown, "repeated": exc.repeated}],
    ),
    Unstorable: lambda exc: ApiError("unprocessable", exc.message),
    Unavailable: lambda exc: ApiError("temporarily_unavailable", detail=exc.detail),
    Busy: lambda exc: ApiError("temporarily_unavailable", str(exc)),
    SandboxUnavailable: lambda exc: ApiError("temporarily_unavailable", str(exc)),
}


def translated(exc: Exception) -> ApiError | None:
    """None for what is not in the table."""
    return next((FAILURES[kind](exc) for kind in type(exc).__mro__ if kind in FAILURES), None)


async def _handle(request: Request, exc: Exception) -> Response:
    return refuse(request, translated(exc) or exc)


FAILURE_HANDLERS: dict[Any, ExceptionHandler] = dict.fromkeys(FAILURES, _handle)
