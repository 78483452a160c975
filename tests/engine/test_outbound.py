"""Exchanges by HTTP with real servers on loopback: what goes out, what comes back, and what does neither."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import gc
import ipaddress
import os
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.calls.addresses import LOOKING_UP, Addresses, may_be_reached
from engine.calls.breakers import FAILURES, Breakers
from engine.calls.connections import Connections, Place
from engine.calls.hosts import NotAllowed, require_allowed
from engine.calls.inflating import Unusable
from engine.calls.outbound import Outbound
from engine.calls.outside import Outside
from engine.calls.remembered import MOST_BYTES, OVERHEAD, Remembered
from engine.keys import Keys
from sandbox.exchanges import HttpAnswer, HttpRequest
from tests import hosts
from tests.hosts import Host, host
from tests.servers import nobody

pytestmark = pytest.mark.anyio

LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)
MOST = 1024 * 1024


def local(name: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    made = Outbound(LOOPBACK, MOST, local)
    yield made
    made.close()


@pytest.fixture
async def server() -> AsyncIterator[Host]:
    async with host() as made:
        yield made


async def ask(outbound: Outbound, url: str, method: Any = "GET", seconds: float = 5.0, **fields: Any) -> HttpAnswer:
    allowed = fields.pop("allowed", (url.rpartition("/")[0],))
    tenant = fields.pop("tenant", "default")
    return await outbound.exchange(tenant, HttpRequest(method=method, url=url, **fields), allowed, seconds)


async def test_an_exchange(outbound: Outbound, server: Host) -> None:
    url = f"{server.url}/echo?a=b%20c"
    answer = await ask(outbound, url, "POST", headers={"X-Own": "1"}, body="hällo", allowed=(server.url,))
    assert (answer.status, answer.url, answer.failure) == (200, url, None)
    assert answer.headers["content-type"] == "application/json"
    received = server.received[0]
    assert (received.method, received.target, received.body) == ("POST", "/echo?a=b%20c", "hällo".encode())
    assert received.headers == {
        "host": server.name,
        "x-own": "1",
        "user-agent": "claimsmith",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "content-length": "6",
    }


async def test_connections_are_kept_and_cookies_are_not(outbound: Outbound) -> None:
    async def sets(received: hosts.Received, writer: Any) -> None:
        hosts.send(writer, 200, b"", Set_Cookie="session=secret")

    async with host({"/sets": sets}) as server:
        await ask(outbound, f"{server.url}/sets")
        await ask(outbound, f"{server.url}/sets")
        assert server.connections == 1
        assert "cookie" not in server.received[1].headers


async def test_a_connection_is_used_again_after_what_has_no_body(outbound: Outbound, server: Host) -> None:
    async def no_body(received: hosts.Received, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\nContent-Encoding: gzip\r\n\r\n")

    server.answers["/no-body"] = no_body
    assert (await ask(outbound, f"{server.url}/no-body", "HEAD")).status == 200
    await ask(outbound, f"{server.url}/echo")
    assert server.connections == 1


async def test_what_comes_behind_an_answer_is_none(outbound: Outbound) -> None:
    """Else the next login, with the next user, would have it."""

    async def twice(received: hosts.Received, writer: Any) -> None:
        hosts.send(writer, 200, b"first")
        hosts.send(writer, 200, b"forged")

    async def twice_and_much(received: hosts.Received, writer: Any) -> None:
        hosts.send(writer, 200, b"a" * 100_000)
        hosts.send(writer, 200, b"forged")

    for answer in (twice, twice_and_much):
        async with host({"/twice": answer}) as server:
            assert (await ask(outbound, f"{server.url}/twice")).status == 200
            assert (await ask(outbound, f"{server.url}/missing")).status == 404
            assert server.connections == 2


async def test_what_comes_between_two_exchanges_ends_a_connection(outbound: Outbound) -> None:
    written = asyncio.Event()

    async def later(received: hosts.Received, writer: Any) -> None:
        hosts.send(writer, 200, b"first")
        await asyncio.sleep(0.05)
        hosts.send(writer, 200, b"forged")
        await writer.drain()
        written.set()

    async with host({"/later": later}) as server:
        assert (await ask(outbound, f"{server.url}/later")).body == "first"
        await written.wait()
        for _ in range(10):
            await asyncio.sleep(0.01)  # it has come, and has to be looked at
        assert (await ask(outbound, f"{server.url}/missing")).status == 404
        assert server.connections == 2


async def test_tenants_share_no_connection(outbound: Outbound, server: Host) -> None:
    """A host may remember who has spoken on one, and what one has left of a request would be the next one's."""
    for tenant in ("one", "other", "one", "other"):
        await ask(outbound, f"{server.url}/echo", tenant=tenant)
    assert server.connections == 2


async def test_so_many_connections_are_kept(outbound: Outbound, server: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.calls.connections.MOST_IDLE", 2)
    for tenant in ("a", "b", "c", "b", "a"):
        await ask(outbound, f"{server.url}/echo", tenant=tenant)
    assert server.connections == 4


async def test_a_connection_that_rests_too_long_is_closed(
    outbound: Outbound, server: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.calls.connections.IDLE_FOR", 0.01)
    await ask(outbound, f"{server.url}/echo")
    await asyncio.sleep(0.1)
    monkeypatch.undo()
    await ask(outbound, f"{server.url}/echo")
    assert server.connections == 2


async def test_the_environment_names_no_proxy(
    outbound: Outbound, server: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with host() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await ask(outbound, f"{server.url}/echo")).status == 200
        assert proxy.connections == 0


async def test_others_have_their_turn_while_a_host_sends_crumbs(server: Host) -> None:
    connections = Connections(Addresses(LOOPBACK, local))
    connection = await connections.take(Place("default", "http", "localhost", server.port))
    await connection.ask("GET", b"/crumbs", [(b"Host", b"localhost")], b"")
    await asyncio.sleep(0.1)  # there is more than is read at once
    in_a_row = longest = 0

    async def take_turns() -> None:
        nonlocal in_a_row
        while True:
            in_a_row = 0
            await asyncio.sleep(0)

    others = asyncio.create_task(take_turns())
    with contextlib.suppress(Unusable):
        while await connection.piece():
            in_a_row += 1
            longest = max(longest, in_a_row)
    others.cancel()
    connection.close()
    assert longest < 1000


async def test_packed_and_other_bodies(outbound: Outbound, server: Host) -> None:
    async def latin(received: hosts.Received, writer: Any) -> None:
        hosts.send(writer, 200, "grüße".encode("latin-1"), Content_Type="text/plain; charset=ISO-8859-1")

    answer = await ask(outbound, f"{server.url}/gzipped")
    assert (answer.body, answer.base64) == ("grüße", False)
    server.answers["/latin"] = latin
    answer = await ask(outbound, f"{server.url}/latin")
    assert (answer.body, answer.base64) == ("Z3L832U=", True)


@pytest.mark.parametrize(
    ("path", "failure", "message"),
    [
        ("/ten-gigabytes", "failed", "the answer is longer than 1048576 bytes"),
        ("/endless", "failed", "the answer is longer than 1048576 bytes"),
        ("/gzip-bomb", "failed", "the answer is longer than 1048576 bytes"),
        ("/never", "timeout", "no answer from `localhost` within 0.3 s"),
        ("/trickle", "timeout", "no answer from `localhost` within 0.3 s"),
        ("/loop", "failed", "`localhost` redirects more than 3 times"),
        ("/to-metadata", "not_allowed", "`169.254.169.254` may not be called: add it to the tenant's setting"),
        ("/hangs-up", "connection", "no answer from `localhost`: "),
        ("/cut-off", "connection", "no answer from `localhost`: "),
        ("/crumbs", "failed", "the answer comes in more than 5000 pieces"),
        ("/interim", "failed", "the host sends more than 10 answers that are none"),
        ("/endless-head", "connection", "no answer from `localhost`: Receive buffer too long"),
        ("/many-headers", "connection", "no answer from `localhost`: Receive buffer too long"),
        ("/endless-trailers", "connection", "no answer from `localhost`: Receive buffer too long"),
        ("/long-length", "connection", "no answer from `localhost`: "),
        ("/switches", "connection", "no answer from `localhost`: "),
        ("/two-members", "failed", "the answer goes on behind its end"),
    ],
)
async def test_what_does_not_come_to_a_good_end(
    outbound: Outbound, server: Host, path: str, failure: str, message: str
) -> None:
    seconds = 0.3 if failure == "timeout" else 30.0
    answer = await ask(outbound, f"{server.url}{path}", seconds=seconds)
    assert answer.failure == failure
    assert answer.message.startswith(message)
    assert (await ask(outbound, f"{server.url}/echo")).status == 200


async def test_a_gzip_bomb_takes_no_more_memory_than_an_answer_may_have(outbound: Outbound, server: Host) -> None:
    hosts.bomb()
    await ask(outbound, f"{server.url}/echo")
    tracemalloc.start()
    try:
        await ask(outbound, f"{server.url}/gzip-bomb")
        assert tracemalloc.get_traced_memory()[1] < 8 * MOST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"headers": {"Host": "another"}}, "the header `Host` is set by the service"),
        ({"headers": {"content-length": "1"}}, "the header `content-length` is set by the service"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "the header `Transfer-Encoding` is set by the service"),
        ({"headers": {"X-Own": "a\r\nX-More: b"}}, "the request cannot be sent: "),
        ({"headers": {"X Own": "a"}}, "the request cannot be sent: "),
        ({"headers": {"X-Own": "\N{SNOWMAN}"}}, "the header `X-Own` holds characters that no header can"),
        ({"body": "not base64!", "base64": True}, ""),
        ({"headers": {f"X-{n}": "" for n in range(101)}}, "a call has at most 100 headers"),
    ],
)
async def test_a_request_that_cannot_be_sent(
    outbound: Outbound, server: Host, fields: dict[str, Any], message: str
) -> None:
    answer = await ask(outbound, f"{server.url}/echo", "POST", **fields)
    assert answer.failure == "failed"
    assert answer.message.startswith(message)
    assert server.received == []


@pytest.mark.parametrize(
    "url",
    ["https://", "nowhere", "https:///path", "file:///etc/passwd", "http://[::1", "ftp://localhost/", "https://a\nb/",
     "https://name:secret@localhost/", "unix:///run/redis.sock", "gopher://localhost/", "https://localhost:99999/",
     "https://localhost:65536/", "https://localhost/" + "a" * 9000, "https://local\\host/", "https://%6cocalhost/",
     "https://localhost%00/", "https://[fe80::1%25lo]/", "https://localhost@elsewhere/", "http+unix://localhost/",
     ],
)  # fmt: skip
async def test_an_address_that_is_none(outbound: Outbound, url: str) -> None:
    allowed = ("localhost", "name", "localhost:65536", "localhost:99999")
    answer = await ask(outbound, url, allowed=allowed)
    assert answer.failure in ("failed", "not_allowed")
    assert "secret" not in answer.message


async def test_redirects(outbound: Outbound, server: Host) -> None:
    answer = await ask(outbound, f"{server.url}/moved", "POST", body="a", headers={"Content-Type": "text/plain"})
    assert answer.url == f"{server.url}/echo"
    assert (server.received[1].method, server.received[1].body) == ("GET", b"")
    assert "content-type" not in server.received[1].headers
    answer = await ask(outbound, f"{server.url}/moved-and-kept", "POST", body="a")
    assert (server.received[3].method, server.received[3].body) == ("POST", b"a")


async def test_credentials_do_not_follow_to_another_host(outbound: Outbound, server: Host) -> None:
    async with host({"/away": hosts.redirect(f"{server.url}/echo")}) as other:
        headers = {"Authorization": "Bearer secret", "Cookie": "a=b", "X-Own": "1"}
        answer = await ask(outbound, f"{other.url}/away", headers=headers, allowed=(other.url, server.url))
        assert answer.status == 200
        assert {"authorization", "cookie"}.isdisjoint(server.received[0].headers)
        assert server.received[0].headers["x-own"] == "1"
        refused = await ask(outbound, f"{other.url}/away")
        assert refused.failure == "not_allowed"
        assert len(server.received) == 1


# Which hosts, and which addresses

HOSTS = ("api.example.com", "api.example.com:8443", "*.example.org", "http://plain.example.com", "[2001:db8::1]")


@pytest.mark.parametrize(
    ("scheme", "name", "port", "good"),
    [
        ("https", "api.example.com", 443, True),
        ("https", "api.example.com", 8443, True),
        ("https", "api.example.com", 8444, False),
        ("http", "api.example.com", 80, False),
        ("https", "a.api.example.com", 443, False),
        ("https", "xapi.example.com", 443, False),
        ("https", "a.example.org", 443, True),
        ("https", "a.b.example.org", 443, True),
        ("https", "example.org", 443, False),
        ("https", "aexample.org", 443, False),
        ("http", "plain.example.com", 80, True),
        ("https", "plain.example.com", 443, True),
        ("https", "2001:db8::1", 443, True),
        ("ftp", "api.example.com", 21, False),
    ],
)
def test_allowed_hosts(scheme: str, name: str, port: int, good: bool) -> None:
    if good:
        require_allowed(scheme, name, port, HOSTS)
    else:
        with pytest.raises(NotAllowed):
            require_allowed(scheme, name, port, HOSTS)


def test_what_is_not_allowed_says_which_setting() -> None:
    with pytest.raises(NotAllowed) as refused:
        require_allowed("https", "b.example", 443, HOSTS)
    assert str(refused.value) == "`b.example` may not be called: add it to the tenant's setting `allowed_hosts`"
    with pytest.raises(NotAllowed) as refused:
        require_allowed("http", "a.example", 80, ("a.example:80",))
    assert str(refused.value) == (
        "`a.example` may be called by https only: for http, the tenant's setting `allowed_hosts` has to say "
        "`http://a.example`"
    )


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", True), ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("127.0.0.2", False), ("10.2.0.1", False), ("0.0.0.0", False), ("169.254.169.254", False),
        ("100.100.100.200", False), ("192.168.1.1", False), ("172.16.0.1", False), ("192.0.2.1", False),
        ("198.18.0.1", False), ("224.0.0.1", False), ("239.1.1.1", False), ("255.255.255.255", False),
        ("240.0.0.1", False), ("::", False), ("::1", False), ("::7f00:1", False), ("::ffff:127.0.0.2", False),
        ("::ffff:169.254.169.254", False), ("fe80::1", False), ("fc00::1", False), ("fd00:ec2::254", False),
        ("fec0::1", False), ("ff02::1", False), ("2001:db8::1", False), ("64:ff9b::7f00:2", False),
        ("64:ff9b::a9fe:a9fe", False), ("64:ff9b::808:808", True), ("64:ff9b:1::1", False), ("2002:7f00:2::1", False),
        ("2002:a9fe:a9fe::", False), ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False), ("192.88.99.1", False),
        ("::ffff:0:7f00:2", False), ("4000::1", False), ("e000::1", False),
    ],
)  # fmt: skip
def test_which_addresses_may_be_reached(address: str, good: bool) -> None:
    networks = [ipaddress.ip_network(network) for network in ("127.0.0.1/32", "10.1.0.0/16")]
    assert may_be_reached(ipaddress.ip_address(address), networks) == good


async def test_a_private_address_is_refused_and_not_named(server: Host) -> None:
    outbound = Outbound((), MOST, local)
    answer = await ask(outbound, f"{server.url}/echo")
    assert answer.failure == "not_allowed"
    assert answer.message == (
        "`localhost` leads to an address that is not public: the operator can allow its network "
        "(CLAIMSMITH_HTTP_NETWORKS)"
    )
    assert server.connections == 0
    outbound.close()


async def test_one_bad_address_among_good_ones_is_refused(server: Host) -> None:
    outbound = Outbound(LOOPBACK, MOST, lambda name, port: ["127.0.0.1", "169.254.169.254"])
    assert (await ask(outbound, f"{server.url}/echo")).failure == "not_allowed"
    assert server.connections == 0
    outbound.close()


async def test_a_name_that_leads_inside_only_the_second_time() -> None:
    """Each connection has one look-up, which is checked and goes to what it has found."""
    said = iter([["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1"]])
    looked_up: list[str] = []

    def turns(name: str, port: int) -> Sequence[str]:
        looked_up.append(name)
        return next(said)

    async def closes(received: hosts.Received, writer: Any) -> None:
        hosts.send(writer, 200, b"outside", Connection="close")
        writer.close()

    outbound = Outbound((ipaddress.ip_network("127.0.0.2/32"),), MOST, turns)
    async with (
        host({"/a": closes}, address="127.0.0.2") as outside,
        host({"/a": closes}, address="127.0.0.1", port=outside.port) as inside,
    ):
        answer = await ask(outbound, f"http://name.example:{outside.port}/a")
        assert answer.body == "outside"
        assert looked_up == ["name.example"]
        assert (await ask(outbound, f"http://name.example:{outside.port}/a")).failure == "not_allowed"
        assert looked_up == ["name.example"] * 2
        assert (outside.connections, inside.connections) == (1, 0)
    outbound.close()


async def test_the_next_address_is_tried_where_one_does_not_answer(server: Host) -> None:
    networks = (ipaddress.ip_network("127.0.0.0/8"),)
    outbound = Outbound(networks, MOST, lambda name, port: ["127.0.0.9", "127.0.0.1"])
    assert (await ask(outbound, f"{server.url}/echo")).status == 200
    outbound.close()


async def test_a_name_that_nobody_knows(server: Host) -> None:
    def unknown(name: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    outbound = Outbound(LOOPBACK, MOST, unknown)
    answer = await ask(outbound, f"{server.url}/echo")
    assert (answer.failure, answer.message) == (
        "connection",
        "no answer from `localhost`: `localhost` is not known to the resolver",
    )
    outbound.close()


async def test_a_resolver_that_hangs_is_bounded(server: Host) -> None:
    released = threading.Event()

    def hangs(name: str, port: int) -> list[str]:
        released.wait(30)
        return ["127.0.0.1"]

    outbound = Outbound(LOOPBACK, MOST, hangs)
    assert (await ask(outbound, f"{server.url}/echo", seconds=0.2)).failure == "timeout"
    released.set()
    outbound.close()


async def test_a_tenant_whose_look_ups_hang_holds_up_itself(server: Host) -> None:
    released = threading.Event()
    begun: list[str] = []

    def hangs(name: str, port: int) -> list[str]:
        if name != "localhost":
            begun.append(name)
            released.wait(60)
        return ["127.0.0.1"]

    outbound = Outbound(LOOPBACK, MOST, hangs)
    hanging = [
        asyncio.create_task(ask(outbound, f"http://{n}.example/", tenant="hanging", seconds=60.0)) for n in range(100)
    ]
    await asyncio.sleep(0)
    assert (await ask(outbound, f"{server.url}/echo", seconds=30.0)).status == 200
    own = await ask(outbound, f"{server.url}/echo", tenant="hanging", seconds=0.2)
    assert own.failure == "timeout"
    # Whoever stops waiting leaves the thread behind; it counts until it has ended.
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert (await ask(outbound, f"{server.url}/echo", tenant="hanging", seconds=0.2)).failure == "timeout"
    assert len(begun) == LOOKING_UP
    released.set()
    assert (await ask(outbound, f"{server.url}/echo", tenant="hanging", seconds=30.0)).status == 200
    outbound.close()


async def test_what_cannot_be_reached_names_no_address(outbound: Outbound, server: Host) -> None:
    with nobody() as nowhere:
        answer = await ask(outbound, nowhere.replace("127.0.0.1", "localhost") + "/")
    assert (answer.failure, answer.message) == ("connection", "no answer from `localhost`: it cannot be reached")


# TLS


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's, for `localhost`, by an authority that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    yield context


async def test_tls_is_verified_by_name(certificate: ssl.SSLContext) -> None:
    outbound = Outbound(LOOPBACK, MOST, local)
    async with host(tls=certificate) as server:
        good = await ask(outbound, f"https://localhost:{server.port}/echo", allowed=(server.name,))
        assert good.status == 200
        other = await ask(
            outbound, f"https://other.example:{server.port}/echo", allowed=(f"other.example:{server.port}",)
        )
        assert other.failure == "connection"
        assert "CERTIFICATE_VERIFY_FAILED" in other.message
        plain = await ask(outbound, f"{server.url}/echo", allowed=(server.name,))
        assert plain.failure == "not_allowed"
    outbound.close()


async def test_an_unknown_authority_is_not_trusted(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    outbound = Outbound(LOOPBACK, MOST, local)
    async with host(tls=certificate) as server:
        answer = await ask(outbound, f"https://localhost:{server.port}/echo", allowed=(server.name,))
        assert answer.failure == "connection"
        assert server.received == []
    outbound.close()


async def test_a_host_that_breaks_off_inside_tls(certificate: ssl.SSLContext) -> None:
    async def garbles(received: hosts.Received, writer: Any) -> None:
        hosts.send(writer, 200, b"a")
        transport = writer.transport.get_extra_info("socket")
        os.write(transport.fileno(), b"\x17\x03\x03\x00\x20" + b"x" * 32)

    async def garbles_at_once(received: hosts.Received, writer: Any) -> None:
        transport = writer.transport.get_extra_info("socket")
        os.write(transport.fileno(), b"\x17\x03\x03\x00\x20" + b"x" * 32)

    outbound = Outbound(LOOPBACK, MOST, local)
    async with host({"/behind": garbles, "/at-once": garbles_at_once}, tls=certificate) as server:
        url = f"https://localhost:{server.port}"
        assert (await ask(outbound, f"{url}/at-once", allowed=(server.name,))).failure == "connection"
        assert (await ask(outbound, f"{url}/behind", allowed=(server.name,))).failure in (None, "connection")
        assert (await ask(outbound, f"{url}/echo", allowed=(server.name,))).status == 200
    outbound.close()


async def test_a_host_that_never_speaks_tls_keeps_no_connection(outbound: Outbound) -> None:
    ended = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(1000):
                pass
        ended.set()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    name = f"localhost:{server.sockets[0].getsockname()[1]}"
    gc.disable()  # it would close what nobody closes
    try:
        assert (await ask(outbound, f"https://{name}/", allowed=(name,), seconds=0.2)).failure == "timeout"
        async with asyncio.timeout(30):
            await ended.wait()
    finally:
        gc.enable()
    server.close()


async def test_certificates_that_cannot_be_read(
    outbound: Outbound, server: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    answer = await ask(outbound, f"https://localhost:{server.port}/", allowed=(server.name,))
    assert (answer.failure, "nowhere" in answer.message) == ("connection", False)


# Breakers


A, B = ("https", "a", 443), ("https", "b", 443)


def test_a_host_that_does_not_answer_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    breakers = Breakers()
    for _ in range(FAILURES):
        assert breakers.left_alone("tenant", A) == 0
        breakers.failed("tenant", A)
    assert breakers.left_alone("tenant", A) == 10
    assert breakers.left_alone("another", A) == breakers.left_alone("tenant", B) == 0
    now += 11
    assert [breakers.left_alone("tenant", A) for _ in range(2)] == [0, 10]  # the first of them tries
    breakers.answered("tenant", A)
    assert breakers.left_alone("tenant", A) == 0


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    made = Outside(Keys("k" * 32), None, LOOPBACK, MOST, local)
    yield made
    await made.close()


async def call(outside: Outside, url: str, tenant: str = "default", **fields: Any) -> HttpAnswer:
    hosts = fields.pop("hosts", (url.rpartition("/")[0],))
    text = await outside.http(tenant, HttpRequest(method="GET", url=url, **fields), hosts, 5.0)
    return msgspec.json.decode(text, type=HttpAnswer)


async def test_a_host_is_left_alone_however_its_address_is_written(outside: Outside, server: Host) -> None:
    for n in range(FAILURES):
        name = "LocalHost" if n % 2 else "localhost"
        answer = await call(outside, f"HTTP://{name}:{server.port}/hangs-up?n={n}#{n}", hosts=(server.url,))
        assert answer.failure == "connection"
    answer = await call(outside, f"{server.url}?n=another", hosts=(server.url,))
    assert "is left alone for" in answer.message
    assert len(server.received) == FAILURES


# Remembered answers


async def test_what_is_remembered_of_a_host_goes_with_it_from_the_list(outside: Outside, server: Host) -> None:
    async with host({"/away": hosts.redirect(f"{server.url}/echo")}) as first:
        both = (first.url, server.url)
        for _ in range(2):
            assert (await call(outside, f"{first.url}/away", hosts=both, cache=60.0)).status == 200
        assert len(first.received) == 1
        for left in ((), (first.url,)):
            assert (await call(outside, f"{first.url}/away", hosts=left, cache=60.0)).failure == "not_allowed"


def remembered(cache: float, url: str = "https://a/") -> HttpRequest:
    return HttpRequest(method="GET", url=url, cache=cache)


def test_an_answer_is_as_young_as_its_reader_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    known = Remembered()
    known.put("tenant", (), remembered(100.0), b"answer")
    now += 50
    assert known.get("tenant", (), remembered(10.0)) is None
    assert known.get("tenant", (), remembered(100.0)) == b"answer"
    assert known.get("another", (), remembered(100.0)) is None
    now += 51
    assert known.get("tenant", (), remembered(1000.0)) is None


def test_a_tenant_puts_out_its_own_answers_and_not_all_others() -> None:
    known = Remembered()
    known.put("quiet", (), remembered(60.0), b"answer")
    for n in range(100):
        known.put("greedy", (), remembered(60.0, f"https://a/{n}"), b"a" * 1_000_000)
    found = [n for n in range(100) if known.get("greedy", (), remembered(60.0, f"https://a/{n}"))]
    assert 30 <= len(found) <= 33
    assert found[-1] == 99
    for n in range(100_000):
        known.put("small", (), remembered(60.0, f"https://a/{n}"), b"")
    assert known.get("quiet", (), remembered(60.0)) == b"answer"
    left = sum(known.get("small", (), remembered(60.0, f"https://a/{n}")) is not None for n in range(100_000))
    assert left <= MOST_BYTES / OVERHEAD
