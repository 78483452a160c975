"""HTTP as uvicorn speaks it, with bounds for what comes before anybody is known: how long a head may be, and how long a
request may take to arrive. Without them, whoever can connect could fill memory or hold connections for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 65_536  # bytes of a request line with its headers, or of anything that is neither end nor body
ARRIVAL = 30.0  # seconds for all of a request, from the connection on or the first byte
HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
]  # of every answer


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unended = 0  # bytes since the last end of a head, or piece of a body
        self._headed = False  # the head is there: a header that comes now stands behind a body
        self._arriving = True  # a request that is not there as a whole
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(ARRIVAL, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._answering:
            self._arriving = True  # an empty line, too: it has ended the wait for the next request
        self._unended += len(data)
        super().data_received(data)
        if self._unended > LARGEST_HEAD and not self.transport.is_closing():
            self._refuse(431, "the headers are too large", "send less than 64 KB of them")
        elif not self._arriving:
            if self._timer is not None:
                self._cancel()
        elif self._timer is None and not self.transport.is_closing():
            self._timer = self.loop.call_later(ARRIVAL, self._late)

    def on_message_begin(self) -> None:
        self._headed, self._arriving = False, True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # Who has let the headers through has not looked behind the body (RFC 9110 section 6.5.1).
        if not self._headed:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._headed, self._unended = True, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unended = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._arriving, self._unended = False, 0
        super().on_message_complete()

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _late(self) -> None:
        self._timer = None
        if self._answering:
            self.transport.close()  # who waits for the rest of the body is told that nobody is there
        else:
            self._refuse(408, "the request did not arrive", f"send all of it within {ARRIVAL:g} s")

    def _refuse(self, status: int, what: str, advice: str) -> None:
        self._cancel()
        if self._answering:  # to a request before it: this would stand in the middle of that answer
            self.transport.close()
            return
        body = msgspec.json.encode(
            {"error": "invalid_request", "error_description": f"{what}; {advice}", "problems": []}
        )
        head = f"HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
        self.transport.close()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
