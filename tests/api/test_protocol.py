"""What is bounded before anybody is known: the head of a request, and the time in which it has to arrive."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

import api.protocol
from api.app import create_app
from api.protocol import HEADERS, LARGEST_HEAD, Protocol
from api.settings import Settings

pytestmark = pytest.mark.anyio

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A service that is served as `claimsmith serve` does."""
    monkeypatch.setattr(api.protocol, "ARRIVAL", 0.5)
    app = create_app(Settings.from_environ({"REDIS_URL": "none"}, data=tmp_path))
    config = uvicorn.Config(app, http=Protocol, headers=HEADERS, lifespan="on", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


async def connected(port: int) -> Stream:
    return await asyncio.open_connection("127.0.0.1", port)


async def answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        return await reader.read(65_536)


@pytest.mark.parametrize(
    ("line", "more"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", b"a" * 8_000),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"X-A: a\r\n" * 1_000),
        (b"GET /", b"a" * 8_000),
    ],
)
async def test_a_head_without_an_end(port: int, line: bytes, more: bytes) -> None:
    reader, writer = await connected(port)
    writer.write(line)
    sent = 0
    with contextlib.suppress(ConnectionError):  # it is not read to an end that it has not
        while sent < 100 * LARGEST_HEAD:
            await asyncio.sleep(0.002)
            writer.write(more)
            sent += len(more)
            await writer.drain()
            if reader._buffer:  # type: ignore[attr-defined]  # it has answered: no more is sent, so that this is read
                break
        text = await answer(reader)
        assert text.startswith(b"HTTP/1.1 431 ")
        assert b'"error":"invalid_request"' in text
    assert sent < 10 * LARGEST_HEAD
    writer.close()


@pytest.mark.parametrize("beginning", [b"", b"GET /healthz HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: "])
async def test_a_request_that_does_not_arrive(port: int, beginning: bytes) -> None:
    reader, writer = await connected(port)
    writer.write(beginning)
    assert (await answer(reader)).startswith(b"HTTP/1.1 408 ")
    assert await reader.read() == b""
    writer.close()


async def test_a_body_that_does_not_arrive(port: int) -> None:
    reader, writer = await connected(port)
    writer.write(b"POST /v1/hooks/okta/default HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
    text = await answer(reader)  # nobody is known: no body is waited for
    assert text.startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_many_requests_on_one_connection_take_the_time_they_take(port: int) -> None:
    reader, writer = await connected(port)
    for _ in range(4):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 30_000 + b"\r\n\r\n")
        text = await answer(reader)
        assert text.startswith(b"HTTP/1.1 200 ")
        for name, value in HEADERS:
            assert f"{name}: {value}".lower().encode() in text.lower()
        await asyncio.sleep(0.3)  # longer, in all, than a request may take to arrive
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    text = b""
    async with asyncio.timeout(5):
        while text.count(b"HTTP/1.1 200 ") < 3:
            text += await reader.read(65_536)
    writer.close()
