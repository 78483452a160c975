"""Who is signed in at the console: a caller's token, sealed in cookies that scripts cannot read."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "claimsmith_session"
HOST = (
    "__Host-"  # a browser takes such a cookie by TLS alone, and from no neighbour in the domain (RFC 6265bis, 4.1.3.2)
)
PIECE = 3800  # bytes of a cookie; browsers keep some 4,096 with its name (RFC 6265 section 6.1)
MOST_PIECES = 6
OURS = ("same-origin", "none")  # `Sec-Fetch-Site`: the console's own pages, or a person's own doing

T = TypeVar("T")


class Session(msgspec.Struct, frozen=True, tag="session"):
    """`expires_at` is the token's end, in seconds since 1970; `csrf` has to come with whatever changes something."""

    token: str
    expires_at: int
    csrf: str
    elsewhere: bool = False  # the token came of a sign-in at an issuer

    def __repr__(self) -> str:
        return "<Session>"


class Sessions:
    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys` of 32 bytes: the first seals, all of them open."""
        self._seal = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])

    def start(self, response: Response, request: Request, token: str, expires_at: int, elsewhere: bool = False) -> None:
        """Set the cookies of a new session, which has nothing of an earlier one. Raises `ValueError` for a token that
        does not fit into them."""
        sealed = self.seal(Session(token, expires_at, secrets.token_urlsafe(24), elsewhere))
        pieces = [sealed[start : start + PIECE] for start in range(0, len(sealed), PIECE)]
        if len(pieces) > MOST_PIECES:
            raise ValueError("the token is too long for the console: ask your issuer for one with fewer claims")
        self.end(response, request)
        name = cookie_name(request, COOKIE)
        for number, piece in enumerate(pieces):
            set_cookie(response, request, _numbered(name, number), piece)

    def find(self, request: Request) -> Session | None:
        """The session of a request; None where there is none that we have made. Whether its token is still good is the
        API's to say."""
        for name in cookie_names(request, COOKIE):
            if (session := self.open("".join(_pieces(request.cookies, name)), Session)) is not None:
                return session
        return None

    @staticmethod
    def end(response: Response, request: Request) -> None:
        for name in (HOST + COOKIE, COOKIE):
            for number in range(MOST_PIECES):
                delete_cookie(response, request, _numbered(name, number))

    def seal(self, value: object) -> str:
        """`value` (anything msgspec encodes) as a text that nobody can read or make."""
        return self._seal.encrypt(msgspec.json.encode(value)).decode()

    def open(self, sealed: str, type_: type[T], seconds: int | None = None) -> T | None:
        """What was sealed, not longer than `seconds` ago; None for anything else."""
        try:
            return msgspec.json.decode(self._seal.decrypt(sealed.encode(), ttl=seconds), type=type_)
        except (InvalidToken, msgspec.DecodeError, UnicodeEncodeError):
            return None


def set_cookie(response: Response, request: Request, name: str, value: str, seconds: int | None = None) -> None:
    """A cookie that no script reads. `name` is one that `cookie_name` has made."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=_by_tls(request), httponly=True, samesite="lax")


def delete_cookie(response: Response, request: Request, name: str) -> None:
    if name in request.cookies:
        secure = name.startswith(HOST) or _by_tls(request)
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def cookie_name(request: Request, name: str) -> str:
    """The name under which a cookie is set."""
    return HOST + name if _by_tls(request) else name


def cookie_names(request: Request, name: str) -> tuple[str, ...]:
    """The names under which it is looked for. By TLS a neighbour could set the plain one."""
    return (HOST + name,) if _by_tls(request) else (HOST + name, name)


def origin_of(request: Request) -> str:
    """Where the browser is: scheme, host and port."""
    return f"{'https' if _by_tls(request) else 'http'}://{request.headers.get('host', '')}"


def is_ours(request: Request) -> bool:
    """Whether a request comes from our own pages, as far as a browser says (`Sec-Fetch-Site`, or `Origin`)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in OURS
    # Not the scheme: a proxy that speaks TLS calls us without it.
    origin = request.headers.get("origin")
    return origin is None or (origin != "null" and urlsplit(origin).netloc == request.headers.get("host"))


def has_csrf(session: Session, given: str) -> bool:
    """Whether the session's own value was given."""
    return hmac.compare_digest(session.csrf.encode(), given.encode("utf-8", "surrogatepass"))


def _pieces(cookies: Mapping[str, str], name: str) -> Iterator[str]:
    for number in range(MOST_PIECES):
        if (piece := cookies.get(_numbered(name, number))) is None:
            return
        yield piece


def _numbered(name: str, number: int) -> str:
    return name if number == 0 else f"{name}_{number}"


def _by_tls(request: Request) -> bool:
    """Whether the browser came by TLS, be it to a proxy before us. To a host that is not its own machine it sends
    `Sec-Fetch-Site` by TLS alone (Fetch Metadata, section 2: only to what is potentially trustworthy)."""
    headers = request.headers
    if request.url.scheme == "https" or headers.get("origin", "").startswith("https://"):
        return True
    return "sec-fetch-site" in headers and not _is_own_machine(headers.get("host", ""))


def _is_own_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or name.endswith(".localhost") or ip_address(name).is_loopback
    except ValueError:
        return False
