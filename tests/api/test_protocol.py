"""What is bounded before anybody is known: the head of a request, and the time in which it has to arrive."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn

import api.protocol
from api.app import create_app
from api.callers import issue_token
from api.protocol import HEADERS, LARGEST_HEAD, Protocol
from api.settings import Settings
from engine.keys import Keys

pytestmark = pytest.mark.anyio

SECRET = "s" * 40
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(scope="module")
async def port(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[int]:
    """A service that is served as `claimsmith serve` does."""
    settings = {"REDIS_URL": "none", "CLAIMSMITH_SECRET": SECRET}
    app = create_app(Settings.from_environ(settings, data=tmp_path_factory.mktemp("protocol")))
    config = uvicorn.Config(app, http=Protocol, headers=HEADERS, lifespan="on", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with pytest.MonkeyPatch.context() as patched, socket.create_server(("127.0.0.1", 0)) as listener:
        patched.setattr(api.protocol, "ARRIVAL", 0.5)
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


async def test_empty_lines_do_not_hold_a_connection(port: int) -> None:
    reader, writer = await connected(port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
    writer.write(b"\r\n")  # which are no request, and have ended the wait for the next one
    assert (await answer(reader)).startswith(b"HTTP/1.1 408 ")
    writer.close()


TRAILING = b"POST /v1/execute HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"


async def test_what_stands_behind_a_body_is_no_header(port: int) -> None:
    token = b"Authorization: Bearer a.b.c\r\n"
    for head, more in ((b"", token), (token, b"")):
        reader, writer = await connected(port)
        text = TRAILING.replace(b"Host: x\r\n", b"Host: x\r\n" + head)
        writer.write(text + more + b"\r\n")
        said = await answer(reader)
        assert said.startswith(b"HTTP/1.1 401 ")
        assert (b'"invalid_token"' in said) == (more == b"")  # it is only looked at where it is a header
        writer.close()


async def test_no_end_of_what_stands_behind_a_body(port: int) -> None:
    reader, writer = await connected(port)
    writer.write(TRAILING)
    assert (await answer(reader)).startswith(b"HTTP/1.1 401 ")
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 100 * LARGEST_HEAD and not reader.at_eof():
            await asyncio.sleep(0)
            writer.write(b"X-A: a\r\n" * 1_000)
            sent += 8_000
            await writer.drain()
    assert sent < 10 * LARGEST_HEAD
    writer.close()


async def test_a_head_without_an_end_is_not_answered_into_another_answer(port: int) -> None:
    reader, writer = await connected(port)
    writer.write(b"POST /v1/execute HTTP/1.1\r\nHost: x\r\nwebhook-signature: v1,x\r\nContent-Length: 2\r\n\r\n{}GET /")
    with contextlib.suppress(ConnectionError):
        for _ in range(20):
            writer.write(b"a" * 8_000)
            await writer.drain()
    text = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(5):
            text = await reader.read()
    assert text.count(b"HTTP/1.1 401 ") <= 1  # what was asked before may have been answered
    assert text.index(b"HTTP/1.1 431 ") > text.index(b"}") if b" 431 " in text else True
    writer.close()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_in_pieces_arrives(port: int, chunked: bool) -> None:
    token = issue_token(Keys(SECRET), scope="execute", tenant="default", subject="s", expires_in=60)
    body = b'{"user":{"user_id":"u"},"context":{"note":"' + b"a" * 500_000 + b'"}}'
    head = (
        f"POST /v1/execute HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    )
    reader, writer = await connected(port)
    length = b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Content-Length: %d\r\n\r\n" % len(body)
    writer.write(head.encode() + length)
    for first in range(0, len(body), 50_000):
        piece = body[first : first + 50_000]
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
    writer.write(b"0\r\nX-Sum: 1\r\n\r\n" if chunked else b"")
    assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_an_answer_goes_on_while_nothing_is_sent(port: int) -> None:
    token = issue_token(Keys(SECRET), scope="executions:read", tenant="default", subject="s", expires_in=60)
    reader, writer = await connected(port)
    head = f"GET /v1/executions/tail HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
    await asyncio.sleep(1.5)  # three times what a request may take to arrive
    assert not reader.at_eof()
    writer.close()
