"""The console: all its addresses. It asks the public API, with the token of whoever is signed in, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.console import elsewhere, sign_in
from api.console.asking import Api, Refused
from api.console.assets import asset
from api.console.pages import page
from api.console.passage import PREFIX, Passage
from api.console.screens import ACTIONS, SCREENS, Action, Screen
from api.console.session import Sessions
from api.console.visit import PLACE, Visit
from api.errors import ApiError, error_response
from api.request_id import echo_request_id

Answer = Callable[[Request], Awaitable[Response]]
TENANT = PLACE + "/{tenant}"
NAVIGATION = tuple((screen.path, screen.label, screen.scope) for screen in SCREENS if screen.label)


def routes() -> list[Route]:
    made: list[Route] = [
        Route("/console", sign_in.start),
        Route("/console/", sign_in.start),
        Route(sign_in.SIGN_IN, sign_in.ask, methods=["GET"]),
        Route(sign_in.SIGN_IN, sign_in.sign_in, methods=["POST"]),
        Route(sign_in.ELSEWHERE, elsewhere.begin, methods=["GET"]),
        Route(elsewhere.CALLBACK, elsewhere.callback, methods=["GET"]),
        Route("/console/sign-out", sign_in.sign_out, methods=["POST"]),
        Route("/console/static/{name}", asset),
        Route(PREFIX + "/{path:path}", Passage()),
    ]
    made += [Route(TENANT + screen.path, _shown(screen), methods=["GET"]) for screen in SCREENS]
    made += [Route(TENANT + action.path, _done(action), methods=["POST"]) for action in ACTIONS]
    return [*made, Route("/console/{path:path}", _missing, methods=["GET"])]


async def _missing(request: Request) -> Response:
    return _failed(None, 404, "not_found", "there is no such page", [])


def _shown(screen: Screen) -> Answer:
    async def answer(request: Request) -> Response:
        return await _answered(request, screen.scope, screen.show)

    return answer


def _done(action: Action) -> Answer:
    async def answer(request: Request) -> Response:
        return await _answered(request, action.scope, action.act)

    return answer


async def _answered(request: Request, scope: str, endpoint: Callable[[Visit], Awaitable[Response]]) -> Response:
    """What `endpoint` answers, to somebody with `scope`; whatever goes wrong is said on a page."""
    sessions: Sessions = request.app.state.service.sessions
    session = sessions.find(request)
    if session is None:
        return _signed_out(request)
    tenant = str(request.path_params["tenant"])
    api = Api(request, session.token, tenant)
    visit = None
    try:
        visit = Visit(request, session, await api.get("/v1/caller"), tenant, api, NAVIGATION)
        if not visit.allows(scope):
            return visit.page("missing_scope.html", 403, scope=scope)
        return echo_request_id(request, await endpoint(visit))
    except Refused as refused:
        if refused.status == 401:
            return _signed_out(request)
        return _failed(visit, refused.status, refused.error, refused.description, refused.problems)
    except Exception as error:
        said = msgspec.json.decode(bytes(error_response(error).body))
        status = error.status if isinstance(error, ApiError) else 500
        return _failed(visit, status, said["error"], said["error_description"], said["problems"])


def _signed_out(request: Request) -> Response:
    error = ApiError("unauthorized", "your sign-in has ended: sign in again")
    if request.headers.get("hx-request") == "true":
        # The page stays as it is, with all that was typed, and says what to do (console.js).
        return error_response(error)
    if request.method != "GET":
        return _failed(None, error.status, error.error, error.description, [])
    return sign_in.to_sign_in(request)


def _failed(visit: Visit | None, status: int, error: str, description: str, problems: list[dict[str, Any]]) -> Response:
    values = {"status": status, "error": error, "description": description, "problems": problems}
    if visit is None:
        return page("outside.html", values, status)
    return visit.page("failed_part.html" if visit.is_part else "failed.html", status, **values)
