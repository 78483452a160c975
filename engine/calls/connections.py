"""Connections by HTTP/1.1 to checked addresses, kept between the calls of one tenant.

What comes over them is hostile: it is parsed in small parts, between which others have their turn, and there is an end
to everything that is no body. A connection is used again only where nothing has come but the answer that was asked for,
and by its tenant alone: what one tenant's rules have made of it does not meet another's.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from typing import NamedTuple

import h11
import httpcore2

from engine.calls.addresses import Addresses
from engine.calls.inflating import Unusable

MOST_TRIED = 4  # addresses of one name
MOST_IDLE = 100  # connections of all tenants
IDLE_FOR = 30.0  # seconds
PART = 4 * 1024  # bytes that are parsed without a pause: a few hundred pieces at worst
LONGEST_HEAD = 16 * 1024  # bytes, and of the end of a chunked body likewise
MOST_INTERIM = 10  # answers of 1xx before the one that counts
MOST_PIECES = 5_000  # of one body: an honest one has some hundred bytes in each


class Place(NamedTuple):
    """Where a connection leads, and whose it is."""

    tenant: str
    scheme: str
    host: str
    port: int


class _Reader(asyncio.StreamReader):
    """One that says how much has come and was not read."""

    unread = 0

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # nobody gives it anything else
        self.unread += len(data)
        super().feed_data(data)

    async def read(self, n: int = -1) -> bytes:
        part = await super().read(n)
        self.unread -= len(part)
        return part


class Connection:
    """One exchange at a time."""

    def __init__(self, place: Place, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        self.place = place
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        self._expiry: asyncio.TimerHandle | None = None
        self._pieces = 0

    async def ask(
        self, method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> h11.Response:
        """Sends a request, and reads the head of its answer. Raises `h11.ProtocolError`, `OSError` and `Unusable`."""
        self._pieces = 0
        request = h11.Request(method=method, target=target, headers=list(headers))
        events = [request, *([h11.Data(data=body)] if body else []), h11.EndOfMessage()]
        sent = b"".join(self._http.send(event) or b"" for event in events)
        with contextlib.suppress(ConnectionError):  # a host may answer and hang up before it has read all
            self._writer.write(sent)
            await self._writer.drain()
        for _ in range(MOST_INTERIM + 1):
            event = await self._event()
            if isinstance(event, h11.Response):
                return event
        raise Unusable(f"the host sends more than {MOST_INTERIM} answers that are none")

    async def piece(self) -> bytes:
        """The next of the answer's body, as it comes; empty at the end. Raises like `ask`."""
        event = await self._event()
        if not isinstance(event, h11.Data):
            return b""
        self._pieces += 1
        if self._pieces > MOST_PIECES:
            raise Unusable(f"the answer comes in more than {MOST_PIECES} pieces")
        return bytes(event.data)

    def close(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._writer.transport.abort()  # a host is not waited for, not even to say goodbye

    def rest(self, expiry: asyncio.TimerHandle) -> None:
        """Its exchange has ended, and the next one may come until `expiry`."""
        self._http.start_next_cycle()
        self._expiry = expiry

    def rise(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = None

    @property
    def ended_well(self) -> bool:
        """Whether the exchange has come to its end, and nothing behind it."""
        done = self._http.our_state is self._http.their_state is h11.DONE
        return done and not self._http.trailing_data[0] and self.silent

    @property
    def silent(self) -> bool:
        return not (self._reader.unread or self._reader.at_eof() or self._writer.transport.is_closing())

    async def _event(self) -> h11.Event:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            part = await self._reader.read(PART)
            if not part and self._http.their_state is h11.SEND_RESPONSE:
                raise ConnectionError("it hung up without an answer")
            self._http.receive_data(part)
            await asyncio.sleep(0)


class Connections:
    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._idle: dict[Connection, None] = {}  # the one that has rested longest first
        self._context: ssl.SSLContext | None = None

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def take(self, place: Place) -> Connection:
        """A connection that nobody else uses until it is given back. Raises `AddressRefused` and `OSError`."""
        for connection in reversed(self._idle):
            if connection.place == place:
                break
        else:
            return await self._opened(place)
        del self._idle[connection]
        connection.rise()
        if connection.silent:
            return connection
        connection.close()
        return await self._opened(place)

    def give_back(self, connection: Connection) -> None:
        if not connection.ended_well:
            connection.close()
            return
        connection.rest(asyncio.get_running_loop().call_later(IDLE_FOR, self._drop, connection))
        self._idle[connection] = None
        if len(self._idle) > MOST_IDLE:
            self._drop(next(iter(self._idle)))

    def _drop(self, connection: Connection) -> None:
        del self._idle[connection]
        connection.close()

    async def _opened(self, place: Place) -> Connection:
        addresses = await self._addresses.of(place.tenant, place.host, place.port)
        for address in addresses[:MOST_TRIED]:
            try:
                return await self._connected(place, address)
            except ssl.SSLError:
                raise
            except OSError:
                continue
        raise ConnectionError("it cannot be reached")  # not why, which names addresses

    async def _connected(self, place: Place, address: str) -> Connection:
        loop = asyncio.get_running_loop()
        reader = _Reader(limit=LONGEST_HEAD)
        protocol = asyncio.StreamReaderProtocol(reader)
        context, name = (self._verifying(), place.host) if place.scheme == "https" else (None, None)
        transport, _ = await loop.create_connection(
            lambda: protocol, address, place.port, ssl=context, server_hostname=name
        )
        return Connection(place, reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    def _verifying(self) -> ssl.SSLContext:
        if self._context is None:  # made at the first call: to read the certificates takes a while
            self._context = httpcore2.default_ssl_context()
            self._context.set_alpn_protocols(["http/1.1"])
        return self._context
