"""A real HTTP server on loopback for tests of what rules call: each path answers in its own way."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Answer = Callable[["Received", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Host:
    """`received` is everything that was asked; `name` is its `host:port`."""

    answers: dict[str, Answer]
    port: int = 0
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def name(self) -> str:
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.name}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, EOFError, ssl.SSLError):
            while (received := await _read(reader)) is not None:
                self.received.append(received)
                path = received.target.partition("?")[0]
                await self.answers.get(path, missing)(received, writer)
                await writer.drain()
                if writer.is_closing():
                    break


async def _read(reader: asyncio.StreamReader) -> Received | None:
    line = await reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ")
    headers = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, target, headers, body)


def send(writer: asyncio.StreamWriter, status: int, body: bytes, **headers: str) -> None:
    given = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    writer.write(f"HTTP/1.1 {status} Word\r\n{head}\r\n".encode("latin-1") + body)


async def missing(received: Received, writer: asyncio.StreamWriter) -> None:
    send(writer, 404, b"there is nothing here")


async def echo(received: Received, writer: asyncio.StreamWriter) -> None:
    said = {
        "method": received.method,
        "target": received.target,
        "headers": received.headers,
        "body": received.body.decode("latin-1"),
    }
    send(writer, 200, json.dumps(said).encode(), Content_Type="application/json")


async def slow(received: Received, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.2)
    send(writer, 200, b"slow")


async def never(received: Received, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def endless(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
        await writer.drain()


CRUMB = b"1\r\na\r\n"


async def crumbs(received: Received, writer: asyncio.StreamWriter) -> None:
    """A byte in each chunk: a hundred times the work for whoever reads it."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(CRUMB * 10_000)
        await writer.drain()


async def interim(received: Received, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 \r\n\r\n" * 1000)
        await writer.drain()


async def endless_head(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"A: b\r\n" * 1000)
        await writer.drain()


async def many_headers(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"A:\r\n" * 10_000 + b"Content-Length: 0\r\n\r\n")


async def endless_trailers(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    while True:
        writer.write(b"A: b\r\n" * 1000)
        await writer.drain()


async def long_length(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n")


async def switches(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nabc")


async def trickle(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\na\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def ten_gigabytes(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\nabc")


@functools.cache
def bomb() -> bytes:
    """100 MB of zeros, in 100 KB."""
    return gzip.compress(bytes(100_000_000), 9)


async def gzip_bomb(received: Received, writer: asyncio.StreamWriter) -> None:
    send(writer, 200, bomb(), Content_Encoding="gzip")


async def gzipped(received: Received, writer: asyncio.StreamWriter) -> None:
    send(writer, 200, gzip.compress("grüße".encode()), Content_Encoding="gzip", Content_Type="text/plain")


async def two_members(received: Received, writer: asyncio.StreamWriter) -> None:
    send(writer, 200, gzip.compress(b"one") + gzip.compress(b"two"), Content_Encoding="gzip")


async def cut_off(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    writer.close()


async def hangs_up(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.close()


def redirect(to: str, status: int = 302) -> Answer:
    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        send(writer, status, b"", Location=to)

    return answer


ANSWERS: dict[str, Answer] = {
    "/echo": echo,
    "/slow": slow,
    "/never": never,
    "/endless": endless,
    "/crumbs": crumbs,
    "/interim": interim,
    "/endless-head": endless_head,
    "/many-headers": many_headers,
    "/endless-trailers": endless_trailers,
    "/long-length": long_length,
    "/switches": switches,
    "/two-members": two_members,
    "/trickle": trickle,
    "/ten-gigabytes": ten_gigabytes,
    "/gzip-bomb": gzip_bomb,
    "/gzipped": gzipped,
    "/cut-off": cut_off,
    "/hangs-up": hangs_up,
    "/moved": redirect("/echo"),
    "/moved-and-kept": redirect("/echo", 307),
    "/loop": redirect("/loop"),
    "/to-metadata": redirect("http://169.254.169.254/latest/meta-data/"),
}


@contextlib.asynccontextmanager
async def host(
    answers: dict[str, Answer] | None = None,
    address: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    port: int = 0,
) -> AsyncIterator[Host]:
    """A server that answers `answers` beside `ANSWERS`, gone when the block ends."""
    made = Host({**ANSWERS, **(answers or {})})
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await made.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(serve, address, port, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # what they have closed is closed in the loop's next turn
