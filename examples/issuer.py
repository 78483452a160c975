# mypy: allow-subclassing-any, disable-error-code="import-untyped"
#   (Authlib ships no type information)
"""A small OpenID Provider on Authlib that lets Claimsmith decide what goes into its tokens.

    python -m examples.issuer --claimsmith http://127.0.0.1:8100 --token T --port 8200

Read `Issuer.token`, `Issuer.ask` and `Issuer.issue` first: authenticate, ask Claimsmith once, sign.

- The password grant and a refresh ask at the token endpoint. The code flow asks at the login, where a
  redirect and a second factor are possible; the code carries the decision, so that its exchange asks nothing more.
- Whatever is not a clear `allow` gives no token. claims_hook.py explains the HTTP statuses.
- Protocol claims (iss sub aud exp ...) are the issuer's alone: no rule, and no service, can set them.

It is a demonstration: codes and refresh tokens live in memory, and there is no session, so every
/authorize asks for the password. Keep the hook, replace the rest.
"""

from __future__ import annotations

import argparse
import html
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx2
import uvicorn
from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InsecureTransportError, InvalidRequestError
from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from examples.authlib_server import CLIENT_AUTHENTICATION, Asked, Server, Stored
from examples.claims_hook import Decision, apply_update, decide, without_credentials
from examples.directory import OWN, User
from examples.second_factor import OneTimeCodes

SCOPE_CLAIMS = {"openid": [], "profile": ["name"], "email": ["email", "email_verified"]}
API = "https://api.example.com/"  # the audience of every access token
TOKEN_LIFE, REFRESH_LIFE = 3600, 30 * 86400  # seconds
PAGE_LIFE = 3600  # of a login that waits for the page a rule sent it to
CODE_WAIT = 300  # of one that waits for a one-time code
CODE_TRIES = 3  # in one login. An issuer that guards more than demo users counts over all logins of a person, too


@dataclass(frozen=True)
class Sent:
    """Which request of the login Claimsmith is asked about."""

    protocol: str
    query: QueryParams = field(default_factory=QueryParams)
    body: QueryParams = field(default_factory=QueryParams)


@dataclass(frozen=True)
class Waiting:
    """An authenticated login that waits for its person: to come back from a page, or to give a one-time code."""

    username: str
    authorization: QueryParams
    auth_time: int
    mfa_time: int | None
    sent: Sent
    expires: float
    tries: int = CODE_TRIES


class Issuer(Server):
    """The endpoints, and the one place where tokens are made."""

    def __init__(self, execute_url: str, token: str, issuer_url: str, http: httpx2.AsyncClient) -> None:
        super().__init__(list(SCOPE_CLAIMS))
        InsecureTransportError.check(issuer_url)
        self.execute_url, self.bearer, self.url, self.http = execute_url, token, issuer_url.rstrip("/"), http
        self.pages: dict[str, Waiting] = {}  # by state, which is good once
        self.second_factors: dict[str, Waiting] = {}
        self.one_time_codes = OneTimeCodes()
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    # The endpoints.

    async def token(self, request: Request) -> Response:
        """Authenticate (Authlib's part), ask Claimsmith, sign. Nothing is signed before the answer."""
        asked = self.asked("POST", "/oauth/token", request, QueryParams(await request.body()))
        try:
            grant = self.get_token_grant(asked)
            grant.validate_token_request()
            if code := asked.authorization_code:
                asked.decision = code.decision
            elif user := asked.user or grant.authenticate_user(asked.refresh_token):
                if before := asked.refresh_token:
                    asked.auth_time, asked.mfa_time = before.auth_time, before.mfa_time
                decision = await self.ask(request, asked, user, Sent(grant.protocol, body=asked.form))
                if decision.kind != "allow":  # a page or a second factor, too: there is no browser to show them
                    raise refusal(decision)
            response: Response = self.handle_response(*grant.create_token_response())
        except OAuth2Error as error:
            response = self.handle_error_response(asked, error)
        except UnicodeDecodeError:  # Authlib reading a Basic header that is not text
            response = self.handle_error_response(asked, InvalidRequestError("credentials are not UTF-8"))
        return marked(response, asked.decision)

    async def authorize(self, request: Request) -> Response:
        """A valid request gets the login form, any other an error (at the client, once that is known)."""
        asked = self.asked("GET", "/authorize", request, request.query_params)
        try:
            grant = self.get_consent_grant(asked)
            if asked.form.get("prompt") == "none":  # without a session somebody always has to log in
                uri, state = grant.redirect_uri, asked.form.get("state")
                raise OAuth2Error(error="login_required", redirect_uri=uri, state=state)
        except OAuth2Error as error:
            return marked(self.handle_error_response(asked, error), None)
        return login_form(request.url.query)

    async def login(self, request: Request) -> Response:
        form = QueryParams(await request.body())
        authorization = form.get("authorize", "")
        user = self.authenticate(form.get("username", ""), form.get("password", ""))
        if user is None:
            return login_form(authorization, "wrong name or password", status=401)
        asked = self.asked("GET", "/authorize", request, QueryParams(authorization))
        return await self.finish(request, asked, user, Sent("oidc-basic-profile", query=asked.form))

    async def resume(self, request: Request) -> Response:
        """Back from the page a rule sent the login to: the rules run again, as they did at Auth0."""
        query, body = request.query_params, QueryParams(await request.body())
        page = take(self.pages, query.get("state") or body.get("state", ""))
        if page is None:
            return unknown_state()
        asked = self.asked_before(request, page)
        return await self.finish(request, asked, self.users[page.username], Sent("redirect-callback", query, body))

    async def second_factor(self, request: Request) -> Response:
        """After a right code Claimsmith is asked the same again, a page's answer included, with `mfa` beside `pwd`."""
        form = QueryParams(await request.body())
        waiting = take(self.second_factors, form.get("state", ""))
        if waiting is None:
            return unknown_state()
        asked, user = self.asked_before(request, waiting), self.users[waiting.username]
        if self.one_time_codes.accept(user["username"], user["totp"], form.get("code", "").strip()):
            asked.mfa_time = int(time.time())
            return await self.finish(request, asked, user, waiting.sent)
        if waiting.tries > 1:
            state = keep(self.second_factors, replace(waiting, tries=waiting.tries - 1))
            return code_form(state, "wrong code", status=401)
        grant = self.get_consent_grant(asked)  # as it was when the form was shown
        where = {"redirect_uri": grant.redirect_uri, "state": asked.form.get("state")}
        error = OAuth2Error("too many wrong codes", error="access_denied", **where)
        return marked(self.handle_error_response(asked, error), None)

    async def finish(self, request: Request, asked: Asked, user: User, sent: Sent) -> Response:
        """An authenticated login: on to the client with a code, to a rule's page, to the form for a one-time code, or
        back with an error. One page and one second factor a login: rules that ask for ever get no token."""
        try:
            grant = self.get_consent_grant(asked)  # checked by /authorize, but it came through the browser
        except OAuth2Error as refused:
            return marked(self.handle_error_response(asked, refused), None)
        decision = await self.ask(request, asked, user, sent)
        waiting = Waiting(
            user["username"], asked.form, asked.auth_time, asked.mfa_time, sent, expires=time.time() + PAGE_LIFE
        )
        if decision.kind == "allow":
            response = self.create_authorization_response(asked, user, grant)
        elif decision.redirect_url and sent.protocol != "redirect-callback":
            state = keep(self.pages, waiting)
            response = RedirectResponse(add_params_to_uri(decision.redirect_url, [("state", state)]), 302)
        elif decision.kind == "step_up" and asked.mfa_time is None and "totp" in user:
            response = code_form(keep(self.second_factors, replace(waiting, expires=time.time() + CODE_WAIT)))
        else:
            error = refusal(decision, redirect_uri=grant.redirect_uri, state=asked.form.get("state"))
            response = self.handle_error_response(asked, error)
        return marked(response, decision)

    # What they share.

    async def ask(self, request: Request, asked: Asked, user: User, sent: Sent) -> Decision:
        """The one call to Claimsmith. Metadata changes are kept whatever the decision."""
        methods = [("pwd", asked.auth_time)] + ([("mfa", asked.mfa_time)] if asked.mfa_time else [])
        context = {
            "clientID": asked.client.client_id,
            "clientName": asked.client.name,
            "connection": "demo-users",
            "protocol": sent.protocol,
            "request": {
                "ip": request.client.host if request.client else None,
                "userAgent": request.headers.get("user-agent", ""),
                "hostname": urlsplit(self.url).hostname,  # the Host header is the caller's to choose
                "query": without_credentials(sent.query),
                "body": without_credentials(sent.body),
            },
            "stats": {"loginsCount": self.logins[user["username"]]},
            "authentication": {"methods": [{"name": name, "timestamp": at * 1000} for name, at in methods]},
            "idToken": {},
            "accessToken": {},
        }
        profile = {name: value for name, value in user.items() if name not in OWN}
        decision = await decide(self.http, self.execute_url, self.bearer, profile, context)
        for store in ("user_metadata", "app_metadata"):
            user[store] = apply_update(user[store], decision.updates.get(store))
        asked.decision = decision
        return decision

    def issue(self, asked: Asked, user: User, scope: str | None) -> dict[str, Any]:
        """Sign the tokens of a login that Claimsmith allowed; there is no other way to one."""
        decision, client = asked.decision, asked.client
        if decision is None or decision.kind != "allow":
            raise OAuth2Error(error="server_error", status_code=500)
        asked.user = user
        before: Stored | None = asked.authorization_code or asked.refresh_token
        if before:
            asked.auth_time, asked.mfa_time = before.auth_time, before.mfa_time
        scopes = (scope or "openid").split() if decision.scope is None else decision.scope
        own = {"iss": self.url, "sub": user["user_id"], "iat": int(time.time())}
        life = {name: decision.lifetime.get(name, TOKEN_LIFE) for name in ("accessToken", "idToken")}

        access = {
            **own,
            "exp": own["iat"] + life["accessToken"],
            "aud": API,
            "client_id": client.client_id,
            "scope": " ".join(scopes),
        }
        access["jti"] = secrets.token_urlsafe(16)
        access_token = self.sign(decision.access_token, access, "at+jwt")  # RFC 9068
        token: dict[str, Any] = {"access_token": access_token, "token_type": "Bearer"}
        token |= {"expires_in": life["accessToken"], "scope": access["scope"]}

        if client.check_grant_type("refresh_token"):
            # Unchanged from refresh to refresh (RFC 6749 section 6): rules that narrow a scope run again.
            kept = asked.refresh_token.scope if asked.refresh_token else access["scope"]
            value = token["refresh_token"] = secrets.token_urlsafe(32)
            self.refresh_tokens[value] = self.stored(value, asked, REFRESH_LIFE, kept)

        if "openid" in scopes:
            profile = {name: user[name] for word in scopes for name in SCOPE_CLAIMS.get(word, ())}
            protocol = {**own, "exp": own["iat"] + life["idToken"], "aud": client.client_id}
            protocol["auth_time"] = asked.auth_time
            if asked.mfa_time:
                protocol["amr"] = ["pwd", "otp", "mfa"]  # RFC 8176
            protocol["at_hash"] = create_half_hash(access_token, "RS256").decode()
            if asked.authorization_code and (nonce := asked.authorization_code.asked.get("nonce")):
                protocol["nonce"] = nonce
            # Rules may change what the profile says; nobody but us says what the protocol says.
            token["id_token"] = self.sign({**profile, **decision.id_token}, protocol, "JWT")
        return token

    def sign(self, claims: dict[str, Any], protocol: dict[str, Any], typ: str) -> str:
        header = {"alg": "RS256", "kid": self.key.kid, "typ": typ}
        return jwt.encode(header, claims | protocol, self.key)

    def asked(self, method: str, path: str, request: Request, params: QueryParams) -> Asked:
        # Under our public address: behind a proxy that ends TLS, the request's own would be plain http.
        return Asked(method, self.url + path, request.headers, params)

    def asked_before(self, request: Request, waiting: Waiting) -> Asked:
        """The authorization request of a login that goes on."""
        asked = self.asked("GET", "/authorize", request, waiting.authorization)
        asked.auth_time, asked.mfa_time = waiting.auth_time, waiting.mfa_time
        return asked


def keep(waiting: dict[str, Waiting], login: Waiting) -> str:
    """The state under which the login waits: nobody guesses it."""
    state = secrets.token_urlsafe(32)
    waiting[state] = login
    return state


def take(waiting: dict[str, Waiting], state: str) -> Waiting | None:
    """The login that waits under this state, once: two answers at the same time are not both heard."""
    login = waiting.pop(state, None)
    return login if login and login.expires > time.time() else None


def unknown_state() -> Response:
    return JSONResponse({"error": "invalid_request", "error_description": "unknown state"}, 400)


def refusal(decision: Decision, **where: Any) -> OAuth2Error:
    """The OAuth error a client gets."""
    return OAuth2Error(decision.description, error=decision.error, status_code=decision.status, **where)


def marked(response: Response, decision: Decision | None) -> Response:
    """Name the execution: whoever asks why a claim is missing needs its id, and it tells nothing else."""
    if decision and decision.execution_id:
        response.headers["Claimsmith-Execution"] = decision.execution_id
    return response


def login_form(authorization: str, problem: str = "", status: int = 200) -> HTMLResponse:
    fields = f"""<input type="hidden" name="authorize" value="{html.escape(authorization)}">
        <label>Name <input name="username" autofocus></label>
        <label>Password <input name="password" type="password"></label>"""
    return form("login", fields, problem, status)


def code_form(state: str, problem: str = "", status: int = 200) -> HTMLResponse:
    fields = f"""<input type="hidden" name="state" value="{html.escape(state)}">
        <label>Code of your authenticator app
        <input name="code" inputmode="numeric" autocomplete="one-time-code" autofocus></label>"""
    return form("second-factor", fields, problem, status)


def form(action: str, fields: str, problem: str, status: int) -> HTMLResponse:
    page = f"""<!doctype html><title>Log in</title><p>{html.escape(problem)}</p>
        <form method="post" action="{action}">{fields} <button>Log in</button></form>"""
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
    return HTMLResponse(page, status, headers)


def create_issuer(execute_url: str, token: str, issuer_url: str, http: httpx2.AsyncClient | None = None) -> Starlette:
    """The issuer as an ASGI app. `token` needs the scope `execute` only; `http` is yours to close."""
    # A proxy meant for the outside world (HTTP_PROXY) is no way to the service next door.
    client = http or httpx2.AsyncClient(trust_env=False)
    issuer = Issuer(execute_url, token, issuer_url, client)
    metadata = {
        "issuer": issuer.url,
        "authorization_endpoint": f"{issuer.url}/authorize",
        "token_endpoint": f"{issuer.url}/oauth/token",
        "jwks_uri": f"{issuer.url}/.well-known/jwks.json",
        "scopes_supported": list(SCOPE_CLAIMS),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "password", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": list(CLIENT_AUTHENTICATION),
        "code_challenge_methods_supported": ["S256"],
    }

    async def discovery(request: Request) -> Response:
        return JSONResponse(metadata)

    async def jwks(request: Request) -> Response:
        return JSONResponse(KeySet([issuer.key]).as_dict(private=False))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        if http is None:
            await client.aclose()

    routes = [
        Route("/.well-known/openid-configuration", discovery),
        Route("/.well-known/jwks.json", jwks),
        Route("/authorize", issuer.authorize),
        Route("/login", issuer.login, methods=["POST"]),
        Route("/second-factor", issuer.second_factor, methods=["POST"]),
        Route("/continue", issuer.resume, methods=["GET", "POST"]),
        Route("/oauth/token", issuer.token, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.issuer", description=create_issuer.__doc__)
    parser.add_argument("--claimsmith", required=True, help="address of the service, http://127.0.0.1:8100")
    parser.add_argument("--token", required=True, help="what `claimsmith token --scope execute` printed")
    parser.add_argument("--port", type=int, default=8200)
    options = parser.parse_args()
    execute_url = options.claimsmith.rstrip("/") + "/v1/execute"
    app = create_issuer(execute_url, options.token, f"http://127.0.0.1:{options.port}")
    uvicorn.run(app, host="127.0.0.1", port=options.port)


if __name__ == "__main__":
    main()
