"""Signing in at the configured issuer of OpenID Connect, and coming back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.console.asking import Api, Refused
from api.console.openid import Flow, NotSignedIn, OpenId
from api.console.session import Sessions, cookie_name, cookie_names, delete_cookie, origin_of, set_cookie
from api.console.sign_in import form, signed_in

CALLBACK = "/console/sign-in/callback"
FLOW = "claimsmith_flow"  # the cookie with the sign-in under way
LIFE = 600  # seconds
MOST_ANSWER = 8_192  # characters of the issuer's answer
MOST_WANTED = 1_000  # of an address: it has to fit into a cookie


async def begin(request: Request) -> Response:
    """On to the issuer."""
    openid, sessions = _openid(request), _sessions(request)
    wanted = request.query_params.get("next", "")
    if openid is None:
        return form(request, "Signing in at an issuer is not set up here: sign in with a token.", wanted, 404)
    flow = Flow.begin(origin_of(request) + CALLBACK, wanted if len(wanted) <= MOST_WANTED else "")
    try:
        response = RedirectResponse(await openid.address(flow), 303)
    except NotSignedIn as error:
        return form(request, f"{error}.", wanted, 503)
    set_cookie(response, request, cookie_name(request, FLOW), sessions.seal(flow), LIFE)
    return response


async def callback(request: Request) -> Response:
    """Back from there. An answer is heard once: whatever comes of it, the sign-in is no longer under way."""
    response = await _answered(request)
    for name in cookie_names(request, FLOW):
        delete_cookie(response, request, name)
    return response


async def _answered(request: Request) -> Response:
    openid, sessions = _openid(request), _sessions(request)
    if openid is None:
        return form(request, "Signing in at an issuer is not set up here: sign in with a token.", "", 404)
    sealed = [request.cookies.get(name, "") for name in cookie_names(request, FLOW)]
    flow = next((one for text in sealed if (one := sessions.open(text, Flow, LIFE)) is not None), None)
    if flow is None:
        said = "This sign-in was not begun in this browser, or more than ten minutes ago. Begin again."
        return form(request, said, "", 400)
    if len(request.url.query) > MOST_ANSWER:
        return form(request, f"What {openid.host} has answered is too long.", flow.wanted, 400)
    try:
        token = await openid.token(flow, dict(request.query_params))
        who = await Api(request, token, None).get("/v1/caller")
        return signed_in(request, token, who, flow.wanted, elsewhere=True)
    except NotSignedIn as error:
        return form(request, f"{error}.", flow.wanted, 400)
    except Refused as refused:
        said = (
            f"You are signed in at {openid.host}, but its access token is not accepted here: {refused.description}. "
            f"It has to be a JWT for the audience {openid.audience}, with a scope of Claimsmith."
        )
        return form(request, said, flow.wanted, 403)
    except ValueError as error:
        return form(request, f"{error}.", flow.wanted, 422)


def _openid(request: Request) -> OpenId | None:
    openid: OpenId | None = request.app.state.service.openid
    return openid


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.service.sessions
    return sessions
