"""Who is signed in at the console: a caller's token, sealed in cookies that scripts cannot read."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "claimsmith_session"
PATH = "/console"
PIECE = 3800  # bytes of a cookie; browsers keep some 4,096 with its name (RFC 6265 section 6.1)
MOST_PIECES = 6
OURS = ("same-origin", "none")  # `Sec-Fetch-Site`: the console's own pages, or a person's own doing


class Session(msgspec.Struct, frozen=True):
    """`expires_at` is the token's end, in seconds since 1970; `csrf` has to come with whatever changes something."""

    token: str
    expires_at: int
    csrf: str


class Sessions:
    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys` of 32 bytes: the first seals, all of them open."""
        self._seal = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])

    def start(self, response: Response, request: Request, token: str, expires_at: int) -> None:
        """Set the cookies of a new session. Raises `ValueError` for a token that does not fit into them."""
        session = Session(token, expires_at, secrets.token_urlsafe(24))
        sealed = self._seal.encrypt(msgspec.json.encode(session)).decode()
        pieces = [sealed[start : start + PIECE] for start in range(0, len(sealed), PIECE)]
        if len(pieces) > MOST_PIECES:
            raise ValueError("the token is too long for the console: ask your issuer for one with fewer claims")
        self.end(response, request)
        for number, piece in enumerate(pieces):
            response.set_cookie(_name(number), piece, path=PATH, secure=_secure(request), httponly=True, samesite="lax")

    def find(self, request: Request) -> Session | None:
        """The session of a request; None where there is none that we have made, or its token has ended."""
        sealed = "".join(_pieces(request.cookies))
        try:
            return msgspec.json.decode(self._seal.decrypt(sealed.encode()), type=Session)
        except (InvalidToken, msgspec.DecodeError, UnicodeEncodeError):
            return None

    @staticmethod
    def end(response: Response, request: Request) -> None:
        for number in range(MOST_PIECES):
            if _name(number) in request.cookies:
                response.delete_cookie(_name(number), path=PATH, secure=_secure(request), httponly=True, samesite="lax")


def is_ours(request: Request) -> bool:
    """Whether a request comes from our own pages, as far as a browser says (`Sec-Fetch-Site`, or `Origin`)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in OURS
    # Not the scheme: a proxy that speaks TLS calls us without it.
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def has_csrf(session: Session, given: str) -> bool:
    """Whether the session's own value was given."""
    return hmac.compare_digest(session.csrf.encode(), given.encode("utf-8", "surrogatepass"))


def _pieces(cookies: Mapping[str, str]) -> Iterator[str]:
    for number in range(MOST_PIECES):
        if (piece := cookies.get(_name(number))) is None:
            return
        yield piece


def _name(number: int) -> str:
    return COOKIE if number == 0 else f"{COOKIE}_{number}"


def _secure(request: Request) -> bool:
    """Whether the browser came by TLS, be it to a proxy before us."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
