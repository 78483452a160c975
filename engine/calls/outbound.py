"""One exchange by HTTP, as a rule has asked for it: checked, bounded, and always with an end.

A rule's request is hostile, and so is what a host answers. Nothing is kept between calls but connections: no cookies,
no credentials.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence

import httpcore2
import httpx2
import structlog

from engine.calls.addresses import AddressRefused, CheckedConnections, LookUp, Network, look_up
from engine.calls.hosts import PORTS, NotAllowed, require_allowed
from engine.calls.inflating import ACCEPTED, Body, Unusable
from sandbox.exchanges import READS, Failure, HttpAnswer, HttpRequest, Method

log = structlog.get_logger("claimsmith.calls")

MOST_REDIRECTS = 3
IDLE_CONNECTIONS = 100
IDLE_FOR = 30.0  # seconds
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
        self._connections = CheckedConnections(networks, look_up)
        self._most_bytes = most_bytes
        self._pool: httpcore2.AsyncConnectionPool | None = None

    async def close(self) -> None:
        self._connections.close()
        if self._pool is not None:
            await self._pool.aclose()

    async def exchange(self, request: HttpRequest, hosts: tuple[str, ...], seconds: float) -> HttpAnswer:
        """The answer, within this time and only from these hosts; a `failure` where there is none."""
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(request, hosts)
        except (TimeoutError, httpcore2.TimeoutException):
            return _failure("timeout", f"no answer from `{_named(request.url)}` within {seconds:.3g} s")
        except (NotAllowed, AddressRefused) as error:
            return _failure("not_allowed", str(error))
        except httpcore2.LocalProtocolError as error:
            return _failure("failed", f"the request cannot be sent: {error}")
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            return _failure("connection", f"no answer from `{_named(request.url)}`: {error or type(error).__name__}")
        except (Unusable, httpx2.InvalidURL, ValueError) as error:
            return _failure("failed", str(error))

    async def _follow(self, request: HttpRequest, hosts: tuple[str, ...]) -> HttpAnswer:
        url = httpx2.URL(request.url)
        method, headers = request.method, _headers(request)
        body: bytes | None = base64.b64decode(request.body) if request.base64 else request.body.encode()
        if not body and method in READS:
            body = None
        for _ in range(MOST_REDIRECTS + 1):
            _require_callable(url, hosts)
            answer = await self._once(method, url, headers, body)
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or not location:
                return answer
            target = url.join(location)
            if (target.scheme, target.raw_host, target.port) != (url.scheme, url.raw_host, url.port):
                headers = {name: value for name, value in headers.items() if name.lower() not in FOR_ONE_HOST}
            if answer.status == 303 or (answer.status in AS_GET and method == "POST"):
                method, body = "HEAD" if method == "HEAD" else "GET", None
                headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
            url = target
        raise Unusable(f"`{_named(request.url)}` redirects more than {MOST_REDIRECTS} times")

    async def _once(self, method: Method, url: httpx2.URL, headers: dict[str, str], body: bytes | None) -> HttpAnswer:
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        sent.append((b"Host", url.netloc))
        async with self._opened().stream(method, target, headers=sent, content=body) as response:
            got: dict[str, str] = {}
            for name, value in response.headers:
                text = name.decode("latin-1").lower()
                shown = value.decode("latin-1")
                got[text] = f"{got[text]}, {shown}" if text in got else shown
            whole = b""
            if method != "HEAD" and response.status not in REDIRECTS:
                whole = await self._read(response, got)
        content, encoded = _written(whole)
        shown_url = str(url.copy_with(fragment=None))
        return HttpAnswer(status=response.status, url=shown_url, headers=got, body=content, base64=encoded)

    async def _read(self, response: httpcore2.Response, headers: dict[str, str]) -> bytes:
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > self._most_bytes):
            raise Unusable(f"the answer is longer than {self._most_bytes} bytes")
        body = Body(headers.get("content-encoding", ""), self._most_bytes)
        async for part in response.aiter_stream():
            body.add(part)
        return body.whole()

    def _opened(self) -> httpcore2.AsyncConnectionPool:
        if self._pool is None:  # made at the first call: to read the certificates takes a while
            self._pool = httpcore2.AsyncConnectionPool(
                ssl_context=httpcore2.default_ssl_context(),
                max_connections=None,  # each is of a worker that waits, and those are bounded
                max_keepalive_connections=IDLE_CONNECTIONS,
                keepalive_expiry=IDLE_FOR,
                network_backend=self._connections,
            )
        return self._pool


def _require_callable(url: httpx2.URL, hosts: tuple[str, ...]) -> None:
    if url.userinfo:
        raise Unusable("an address holds no password: give `auth=(name, password)`")
    host = url.raw_host.decode("ascii").lower()
    if not host:
        raise Unusable(f"`{str(url)[:100]}` is not an address: write `https://...`")
    require_allowed(url.scheme, host, url.port or PORTS.get(url.scheme, 0), hosts)


def _headers(request: HttpRequest) -> dict[str, str]:
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


def _named(url: str) -> str:
    """The host of an address, for messages: the rest may hold secrets."""
    try:
        return httpx2.URL(url).host[:100] or url[:100]
    except (httpx2.InvalidURL, ValueError):
        return url[:100]


def _failure(failure: Failure, message: str) -> HttpAnswer:
    return HttpAnswer(failure=failure, message=message[:500])
