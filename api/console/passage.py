"""`/console/api/...`: the public API for scripts of the console's pages, which have no token, only a cookie that they
cannot read. Nothing is decided here but that it is one of our own pages that asks."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from api.console.asking import Api, scope_of
from api.console.session import Session, Sessions, has_csrf, is_ours
from api.errors import ApiError, error_response

PREFIX = "/console/api"
BELOW = "/v1/"  # what is passed on: no page of the console itself, and nothing that is read without a token
SAFE = ("GET", "HEAD")
# What of a call goes on; cookies, and whoever the caller says it is, do not.
HEADERS = (
    b"accept",
    b"claimsmith-tenant",
    b"content-length",
    b"content-type",
    b"if-match",
    b"if-none-match",
    b"traceparent",
    b"transfer-encoding",
    b"x-request-id",
)


class Passage:
    """The ASGI application at `PREFIX`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def unkept(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [one for one in message["headers"] if one[0].lower() != b"cache-control"]
                message = {**message, "headers": [*headers, (b"cache-control", b"no-store")]}
            await send(message)

        request = Request(scope, receive, send)
        try:
            session = require_session(request)
            path = scope["raw_path"].decode("latin-1").removeprefix(PREFIX)
            if not path.startswith(BELOW):
                raise ApiError("not_found")
        except ApiError as error:
            await error_response(error)(scope, receive, unkept)
            return
        own = Api(request, session.token, None).identity()
        passed = [(name, value) for name, value in scope["headers"] if name in HEADERS]
        inner = scope_of(request, scope["method"], path, scope["query_string"].decode("latin-1"), own + passed)
        await request.app(inner, receive, unkept)


def require_session(request: Request) -> Session:
    """The session by which a script of ours calls. Raises `ApiError`."""
    sessions: Sessions = request.app.state.service.sessions
    session = sessions.find(request)
    if session is None:
        raise ApiError("unauthorized", "your sign-in has ended: sign in again")
    if not is_ours(request):
        raise ApiError("invalid_request", "this call was made by another site")
    if request.method not in SAFE and not has_csrf(session, request.headers.get("x-csrf-token", "")):
        raise ApiError("invalid_request", "this page is of an earlier sign-in: load it again")
    return session
