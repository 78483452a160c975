"""HTTP as uvicorn speaks it, with bounds for what comes before anybody is known: how long a head may be, and how long a
request may take to arrive. Without them, whoever can connect could fill memory or hold connections for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 65_536  # bytes of a request line with its headers, and what came in one piece with their end
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
        self._head: int | None = None  # bytes of a head that has begun, and not ended
        self._arriving = True  # a request that is not there as a whole
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(ARRIVAL, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse(431, "the headers are too large", "send less than 64 KB of them")
                return
        super().data_received(data)
        if not self._arriving:
            if self._timer is not None:
                self._cancel()
        elif self._timer is None and not self.transport.is_closing():
            self._timer = self.loop.call_later(ARRIVAL, self._late)

    def on_message_begin(self) -> None:
        self._head, self._arriving = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._arriving = False
        super().on_message_complete()

    def _late(self) -> None:
        self._timer = None
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # who waits for the rest of the body is told that nobody is there
        else:
            self._refuse(408, "the request did not arrive", f"send all of it within {ARRIVAL:g} s")

    def _refuse(self, status: int, what: str, advice: str) -> None:
        self._cancel()
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
