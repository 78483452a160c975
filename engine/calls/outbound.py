"""One exchange by HTTP, as a rule has asked for it: checked, bounded, and always with an end.

A rule's request is hostile, and so is what a host answers. Nothing is kept between calls but connections: no cookies,
no credentials.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Sequence

import h11
import httpx2
import structlog

from engine.calls.addresses import Addresses, AddressRefused, LookUp, Network, look_up
from engine.calls.connections import Connection, Connections, Place
from engine.calls.hosts import PORTS, NotAllowed, require_allowed
from engine.calls.inflating import ACCEPTED, Body, Unusable
from sandbox.exchanges import READS, Failure, HttpAnswer, HttpRequest, Method

log = structlog.get_logger("claimsmith.calls")

MOST_REDIRECTS = 3
LONGEST_URL = 8 * 1024  # characters
MOST_HEADERS = 100
LAST_PORT = 65_535
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")  # a name, or an IPv6 address
REDIRECTS = (301, 302, 303, 307, 308)
AS_GET = (301, 302, 303)  # what was posted is not posted again (RFC 9110, 15.4)
# What the service sets, and what speaks to the next hop only.
OURS = frozenset(
    """accept-encoding connection content-length expect host keep-alive proxy-authenticate proxy-authorization
    proxy-connection te trailer transfer-encoding upgrade""".split()
)
# Meant for the host that they were given for.
FOR_ONE_HOST = frozenset({"authorization", "cookie"})


class Outbound:
    def __init__(self, networks: Sequence[Network], most_bytes: int, look_up: LookUp = look_up) -> None:
        """`networks` may be reached though they are not public; `most_bytes` has an answer's body at most."""
        self._connections = Connections(Addresses(networks, look_up))
        self._most_bytes = most_bytes

    def close(self) -> None:
        self._connections.close()

    async def exchange(self, tenant: str, request: HttpRequest, hosts: tuple[str, ...], seconds: float) -> HttpAnswer:
        """The answer, within this time and only from these hosts; a `failure` where there is none. Raises nothing."""
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(tenant, request, hosts)
        except TimeoutError:
            return _failure("timeout", f"no answer from `{origin(request.url)[1]}` within {seconds:.3g} s")
        except (NotAllowed, AddressRefused) as error:
            return _failure("not_allowed", str(error))
        except h11.LocalProtocolError as error:
            return _failure("failed", f"the request cannot be sent: {error}")
        except (OSError, h11.ProtocolError) as error:
            return _failure("connection", f"no answer from `{origin(request.url)[1]}`: {_reason(error)}")
        except (Unusable, httpx2.InvalidURL, ValueError) as error:
            return _failure("failed", str(error))
        except Exception:
            # Hostile bytes have gone through libraries: what they raise beside what they say ends no login.
            log.exception("a call of a rule failed in an unforeseen way", tenant=tenant)
            return _failure("failed", f"no usable answer from `{origin(request.url)[1]}`")

    async def _follow(self, tenant: str, request: HttpRequest, hosts: tuple[str, ...]) -> HttpAnswer:
        url = _url(request.url)
        method, headers = request.method, _headers(request)
        body = base64.b64decode(request.body) if request.base64 else request.body.encode()
        for _ in range(MOST_REDIRECTS + 1):
            place = Place(tenant, *_callable(url, hosts))
            answer = await self._once(place, method, url, headers, body)
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or not location:
                return answer
            target = url.join(_url(location))
            if (target.scheme, target.raw_host, target.port) != (url.scheme, url.raw_host, url.port):
                headers = {name: value for name, value in headers.items() if name.lower() not in FOR_ONE_HOST}
            if answer.status == 303 or (answer.status in AS_GET and method == "POST"):
                method, body = "HEAD" if method == "HEAD" else "GET", b""
                headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
            url = target
        raise Unusable(f"`{origin(request.url)[1]}` redirects more than {MOST_REDIRECTS} times")

    async def _once(
        self, place: Place, method: Method, url: httpx2.URL, headers: dict[str, str], body: bytes
    ) -> HttpAnswer:
        sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        sent.append((b"Host", url.netloc))
        if body or method not in READS:
            sent.append((b"Content-Length", b"%d" % len(body)))
        connection = await self._connections.take(place)
        try:
            response = await connection.ask(method, url.raw_path, sent, body)
            got = _joined(response)
            whole = b""
            if response.status_code not in REDIRECTS or "location" not in got:  # else nobody looks at it
                whole = await self._read(connection, {} if method == "HEAD" else got)
        except BaseException:
            connection.close()
            raise
        self._connections.give_back(connection)
        content, encoded = _written(whole)
        shown_url = str(url.copy_with(fragment=None))
        return HttpAnswer(status=response.status_code, url=shown_url, headers=got, body=content, base64=encoded)

    async def _read(self, connection: Connection, headers: dict[str, str]) -> bytes:
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > self._most_bytes):
            raise Unusable(f"the answer is longer than {self._most_bytes} bytes")
        body = Body(headers.get("content-encoding", ""), self._most_bytes)
        while piece := await connection.piece():
            body.add(piece)
        return body.whole()


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address, however it is written; empty where it is none."""
    try:
        return _origin(_url(url))
    except (Unusable, httpx2.InvalidURL, ValueError):
        return "", "", 0


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.raw_host.decode("ascii").lower(), url.port or PORTS.get(url.scheme, 0)


def _url(text: str) -> httpx2.URL:
    if len(text) > LONGEST_URL:
        raise Unusable(f"an address has at most {LONGEST_URL} characters")
    return httpx2.URL(text)


def _callable(url: httpx2.URL, hosts: tuple[str, ...]) -> tuple[str, str, int]:
    """Scheme, host and port, which may be called."""
    if url.userinfo:
        raise Unusable("an address holds no password: give `auth=(name, password)`")
    scheme, host, port = _origin(url)
    if not HOST.fullmatch(host):
        raise Unusable(f"`{str(url)[:100]}` is not an address: write `https://...`")
    if port > LAST_PORT:
        raise Unusable(f"{port} is not a port: the last one is {LAST_PORT}")
    require_allowed(scheme, host, port, hosts)
    return scheme, host, port


def _joined(response: h11.Response) -> dict[str, str]:
    got: dict[str, list[str]] = {}
    for name, value in response.headers:
        got.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in got.items()}


def _headers(request: HttpRequest) -> dict[str, str]:
    if len(request.headers) > MOST_HEADERS:
        raise Unusable(f"a call has at most {MOST_HEADERS} headers")
    for name, value in request.headers.items():
        if name.lower() in OURS:
            raise Unusable(f"the header `{name[:40]}` is set by the service")
        if not value.isascii():
            try:
                value.encode("latin-1")
            except UnicodeEncodeError:
                raise Unusable(f"the header `{name[:40]}` holds characters that no header can") from None
    given = {name.lower() for name in request.headers}
    own = {"User-Agent": "claimsmith", "Accept": "*/*"}
    sent = {name: value for name, value in own.items() if name.lower() not in given}
    return {**sent, **request.headers, "Accept-Encoding": ACCEPTED}


def _written(body: bytes) -> tuple[str, bool]:
    """A body as text where it is UTF-8, else as base64."""
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _reason(error: Exception) -> str:
    """In words that name no address of this network, which the texts of the system do."""
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno is not None:
        return "the connection broke"
    return str(error) or type(error).__name__


def _failure(failure: Failure, message: str) -> HttpAnswer:
    return HttpAnswer(failure=failure, message=message[:500])
