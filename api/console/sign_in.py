"""Signing in and out. A token is the caller's own: the console adds nothing to what it may do."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.console.asking import Api, Refused
from api.console.openid import OpenId
from api.console.pages import page
from api.console.session import Sessions, has_csrf, is_ours
from api.console.visit import PLACE

SIGN_IN = "/console/sign-in"
ELSEWHERE = "/console/sign-in/issuer"
INSIDE = re.compile(r"/console/[!-\[\]-~]*")  # no address of another host: no backslash, and one slash before the name
MOST_FORM = 65_536  # bytes
MOST_FIELDS = 10
WHY = {
    "ended": "Your sign-in has ended. Sign in again: what you were writing is kept in this browser.",
    "out": "You are signed out.",
    "out-here": "You are signed out here. At your issuer you are still signed in: sign out there, too, where "
    "others use this browser.",
}


async def start(request: Request) -> Response:
    """`/console/`: to the rules of whoever is signed in."""
    session = _sessions(request).find(request)
    if session is None:
        return RedirectResponse(SIGN_IN, 303)
    try:
        who = await Api(request, session.token, None).get("/v1/caller")
    except Refused:
        return to_sign_in(request)
    return RedirectResponse(f"{PLACE}/{who['tenant']}/rules", 303)


def to_sign_in(request: Request) -> Response:
    """To the sign-in, and back to where this request wanted to go."""
    query = request.url.query
    wanted = request.scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
    why = "why=ended&" if _sessions(request).find(request) is not None else ""
    return RedirectResponse(f"{SIGN_IN}?{why}next={quote(wanted)}", 303)


async def ask(request: Request) -> Response:
    """The form."""
    return form(request, WHY.get(request.query_params.get("why", ""), ""), request.query_params.get("next", ""))


async def sign_in(request: Request) -> Response:
    """Sign in with the token of the form."""
    fields = await _fields(request)
    token, wanted = fields.get("token", "").strip(), fields.get("next", "")
    if not is_ours(request):
        return form(request, "This form was sent by another site. Sign in here.", "", 400)
    if not token:
        return form(request, "Paste a token first.", wanted, 422)
    if not token.isascii():
        return form(request, "This is not a token: it has characters that no token has.", wanted, 422)
    try:
        who = await Api(request, token, None).get("/v1/caller")
        return signed_in(request, token, who, wanted)
    except Refused as refused:
        return form(request, f"This token is not accepted: {refused.description}.", wanted, 422)
    except ValueError as error:
        return form(request, f"{error}.", wanted, 422)


def signed_in(request: Request, token: str, who: dict[str, Any], wanted: str, *, elsewhere: bool = False) -> Response:
    """Signed in, on the way to the `wanted` page. Raises `ValueError` for a token that is too long."""
    to = wanted if INSIDE.fullmatch(wanted) else f"{PLACE}/{who['tenant']}/rules"
    response = RedirectResponse(to, 303)
    _sessions(request).start(response, request, token, who["expires_at"], elsewhere)
    return response


async def sign_out(request: Request) -> Response:
    """Forget the token, in this browser."""
    sessions = _sessions(request)
    session, fields = sessions.find(request), await _fields(request)
    if not is_ours(request) or (session is not None and not has_csrf(session, fields.get("csrf", ""))):
        return form(request, "This form is of another site, or of an earlier sign-in.", "", 400)
    why = "out-here" if session is not None and session.elsewhere else "out"
    response = RedirectResponse(f"{SIGN_IN}?why={why}", 303)
    sessions.end(response, request)
    return response


def form(request: Request, said: str, wanted: str, status: int = 200) -> Response:
    """The page with the form, which says first what was `said`."""
    openid: OpenId | None = request.app.state.service.openid
    issuer = None if openid is None else openid.host
    elsewhere = f"{ELSEWHERE}?next={quote(wanted)}"
    values = {"said": said, "wanted": wanted, "wrong": status >= 400, "issuer": issuer, "elsewhere": elsewhere}
    return page("sign_in.html", values, status)


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form; none of one that is longer than any of ours."""
    text = bytearray()
    async for piece in request.stream():
        text += piece
        if len(text) > MOST_FORM:
            return {}
    try:
        return dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.service.sessions
    return sessions
