"""OpenID Connect as a client of one issuer: its metadata, the way to its sign-in, and the tokens that it gives.

The code flow with PKCE (RFC 6749 section 4.1, RFC 7636), the issuer named in its answer (RFC 9207), and an ID token
that is verified (OpenID Connect Core section 3.1.3.7). The access token is the caller's, accepted like any other.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2
import jwt
import msgspec
import structlog

from api.errors import ApiError
from api.jwks import Jwks
from api.settings import Settings, fetchable_url

log = structlog.get_logger("claimsmith.openid")

AGE = 600  # seconds that metadata is good for
GAP = 2  # seconds after a failure within which the issuer is not asked again
TIMEOUT = 10  # seconds
MOST_BYTES = 262_144  # of any answer
LEEWAY = 5  # seconds two clocks may differ
HASHES = {"RS256": "sha256", "ES256": "sha256", "EdDSA": "sha512"}  # of `at_hash`
CODE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,60}")  # of an error (RFC 6749 section 4.1.2.1)


class NotSignedIn(Exception):
    """Why there is no token. The text is for the person who wants to sign in."""


class Flow(msgspec.Struct, frozen=True, tag="flow"):
    """One sign-in under way: what its answer is held against. Nobody but the browser that has begun it has it."""

    state: str
    nonce: str
    verifier: str
    callback: str
    wanted: str

    @classmethod
    def begin(cls, callback: str, wanted: str) -> Flow:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, callback, wanted)

    def __repr__(self) -> str:
        return "<Flow>"


class Metadata(msgspec.Struct, frozen=True):
    """What the issuer says of itself (OpenID Connect Discovery section 3), as far as it is looked at."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class Tokens(msgspec.Struct, frozen=True):
    access_token: str
    id_token: str


class OpenId:
    """The configured issuer. Close it with `aclose`."""

    def __init__(self, settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> None:
        assert settings.oidc_issuer and settings.oidc_client_id, "without an issuer there is no sign-in by it"
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._scope = settings.oidc_scope
        self._more = settings.oidc_parameters
        self._algorithms = settings.jwks_algorithms
        self.audience = settings.jwks_audience
        self.host = urlsplit(self._issuer).netloc
        self._monotonic = monotonic
        self._http: httpx2.AsyncClient | None = None
        self._metadata: Metadata | None = None
        self._jwks: Jwks | None = None
        self._until = self._failed = float("-inf")
        self._asking = asyncio.Lock()

    async def aclose(self) -> None:
        if self._jwks is not None:
            await self._jwks.aclose()
        if self._http is not None:
            await self._http.aclose()

    async def address(self, flow: Flow) -> str:
        """Where the browser signs in. Raises `NotSignedIn`."""
        metadata = await self._known()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest()).rstrip(b"=")
        query = {
            **self._more,
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": flow.callback,
            "scope": self._scope,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        separator = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return f"{metadata.authorization_endpoint}{separator}{urlencode(query)}"

    async def token(self, flow: Flow, answer: Mapping[str, str]) -> str:
        """The access token, for the `answer` that the browser brings back from the issuer. Raises `NotSignedIn`."""
        if not hmac.compare_digest(flow.state.encode(), answer.get("state", "").encode("utf-8", "surrogatepass")):
            raise NotSignedIn("This is the answer to another sign-in than the one that this browser has begun last")
        metadata = await self._known()
        given = answer.get("iss")
        if given != self._issuer and (given is not None or metadata.authorization_response_iss_parameter_supported):
            raise NotSignedIn("This answer is of another issuer")
        if "error" in answer:
            raise NotSignedIn(self._refusal(answer["error"]))
        if not answer.get("code"):
            raise NotSignedIn(f"{self.host} has answered without a code")
        tokens = await self._exchanged(metadata, flow, answer["code"])
        await self._verify(tokens, flow.nonce)
        return tokens.access_token

    async def _known(self) -> Metadata:
        async with self._asking:
            now = self._monotonic()
            if self._metadata is None or now >= self._until:
                if now - self._failed < GAP:
                    raise self._unreachable()
                try:
                    await self._learn()
                except NotSignedIn:
                    self._failed = now
                    raise
            assert self._metadata is not None, "it was learnt"
            return self._metadata

    async def _learn(self) -> None:
        status, body = await self._ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            metadata = msgspec.json.decode(body, type=Metadata)
            for url in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
                fetchable_url(url)
        except (msgspec.DecodeError, ValueError) as error:
            log.warning("the issuer's metadata cannot be used", host=self.host, status=status, error=str(error)[:200])
            raise NotSignedIn(f"What {self.host} says of itself cannot be understood") from None
        # A browser is sent nowhere but to the configured issuer, and nobody else speaks for it (Discovery, 4.3).
        if metadata.issuer != self._issuer or _origin(metadata.authorization_endpoint) != _origin(self._issuer):
            log.warning("the issuer's metadata is another's", host=self.host, issuer=metadata.issuer[:200])
            raise NotSignedIn(f"What {self.host} says of itself is of another issuer")
        if self._metadata is None or self._metadata.jwks_uri != metadata.jwks_uri:
            if self._jwks is not None:
                await self._jwks.aclose()
            self._jwks = Jwks(metadata.jwks_uri, self._algorithms, lambda kept: None, self._monotonic)
        self._metadata, self._until = metadata, self._monotonic() + AGE

    async def _exchanged(self, metadata: Metadata, flow: Flow, code: str) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.callback,
            "code_verifier": flow.verifier,
        }
        headers = {}
        if self._secret is None:
            form["client_id"] = self._client_id
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = ":".join(quote(part, safe="") for part in (self._client_id, self._secret))  # RFC 6749 section 2.3.1
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self._client_id, "client_secret": self._secret}
        status, body = await self._ask("POST", metadata.token_endpoint, form, headers)
        try:
            if status == 200:
                return msgspec.json.decode(body, type=Tokens)
            error = str(msgspec.json.decode(body, type=dict[str, Any]).get("error", ""))
        except msgspec.DecodeError:
            error = ""
        log.warning("no tokens of the issuer", host=self.host, status=status, error=_shown(error))
        if status == 200:
            raise NotSignedIn(f"{self.host} has given no ID token beside the access token")
        if error == "invalid_grant":
            raise NotSignedIn(f"{self.host} does not take the code: it is used already, or too old")
        if error in ("invalid_client", "unauthorized_client"):
            raise NotSignedIn(f"{self.host} does not know Claimsmith by its client id and secret")
        raise NotSignedIn(f"{self.host} gives no tokens just now")

    async def _verify(self, tokens: Tokens, nonce: str) -> None:
        """OpenID Connect Core section 3.1.3.7."""
        assert self._jwks is not None, "it comes with the metadata"
        try:
            header = jwt.get_unverified_header(tokens.id_token)
            algorithm = header.get("alg")
            if algorithm not in self._algorithms:
                raise jwt.InvalidAlgorithmError(str(algorithm)[:20])
            key = await self._jwks.key(header.get("kid"), str(algorithm))
            options: Any = {"require": ["iss", "sub", "aud", "exp", "iat", "nonce"], "enforce_minimum_key_length": True}
            claims = jwt.decode(
                tokens.id_token,
                key.jwk,
                [key.jwk.algorithm_name],
                options,
                audience=self._client_id,
                issuer=self._issuer,
                leeway=LEEWAY,
            )
            if claims.get("azp", self._client_id) != self._client_id:
                raise jwt.InvalidTokenError("azp is another client")
            if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims:
                raise jwt.InvalidTokenError("several audiences without azp")
            if not _same(claims["nonce"], nonce):
                raise jwt.InvalidTokenError("nonce is another's")
            if "at_hash" in claims and not _same(claims["at_hash"], _half_hash(str(algorithm), tokens.access_token)):
                raise jwt.InvalidTokenError("at_hash is of another access token")
        except (jwt.PyJWTError, ApiError) as error:
            detail = error.description if isinstance(error, ApiError) else str(error)
            log.warning("an ID token is refused", host=self.host, reason=type(error).__name__, detail=detail)
            raise NotSignedIn(f"The ID token of {self.host} is not accepted: the service's log says why") from None

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body. No redirect is followed. Raises `NotSignedIn` where there is no answer, or one too large."""
        if self._http is None:
            # A proxy of the environment is for the outside; plain http is only allowed to this machine.
            self._http = httpx2.AsyncClient(timeout=TIMEOUT, trust_env=self._issuer.startswith("https:"))
        body = bytearray()
        asked = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
        try:
            async with (
                asyncio.timeout(TIMEOUT),
                self._http.stream(method, url, data=dict(form) if form else None, headers=asked) as response,
            ):
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise ValueError(f"larger than {MOST_BYTES} bytes")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            log.warning("the issuer cannot be asked", host=self.host, error=type(error).__name__)
            raise self._unreachable() from None
        return response.status_code, bytes(body)

    def _unreachable(self) -> NotSignedIn:
        return NotSignedIn(f"{self.host} cannot be reached just now. Try again in a moment, or sign in with a token")

    def _refusal(self, code: str) -> str:
        log.info("the issuer has refused a sign-in", host=self.host, error=_shown(code))
        if code == "access_denied":
            return f"The sign-in at {self.host} was refused or called off"
        if code in ("login_required", "interaction_required", "consent_required", "account_selection_required"):
            return f"{self.host} wants you to sign in there first"
        if code in ("invalid_scope", "invalid_request", "unauthorized_client", "unsupported_response_type"):
            return f"{self.host} does not take the sign-in of this console: its client is set up in another way"
        return f"{self.host} could not sign you in"


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _same(given: object, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


def _half_hash(algorithm: str, token: str) -> str:
    """OpenID Connect Core section 3.1.3.6."""
    digest = hashlib.new(HASHES[algorithm], token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _shown(code: str) -> str:
    return code if CODE.fullmatch(code) else "unreadable"
