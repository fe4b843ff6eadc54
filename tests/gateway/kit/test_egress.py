import asyncio
import gzip
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.kit.egress import Egress
from gateway.kit.egress_policy import EgressPolicy
from gateway.kit.egress_resolver import Resolve
from integrations.ports import (
    HttpBroken,
    HttpError,
    HttpRefused,
    HttpRequest,
    HttpTimedOut,
    HttpTooLarge,
    HttpUnreachable,
)
from tests.parts.loopback import Loopback, answer, answering, loopback, read_request

LOOPBACK = EgressPolicy(allowed_hosts=("127.0.0.1",))
CANARY = "canary-9f2c"


def get(server: Loopback, *, timeout_seconds: float = 10, max_response_bytes: int = 5_000_000) -> HttpRequest:
    url = f"http://127.0.0.1:{server.port}/"
    return HttpRequest("GET", url, timeout_seconds=timeout_seconds, max_response_bytes=max_response_bytes)


def resolving(*answers: Sequence[str]) -> Resolve:
    """Answer the n-th look-up with the n-th of `answers`, the last one for ever."""
    lookups: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        lookups.append(host)
        return answers[min(len(lookups), len(answers)) - 1]

    return resolve


async def test_a_request_arrives_as_it_was_given_and_the_answer_comes_back() -> None:
    async with (
        answering(answer(b'{"ok":true}', "Content-Type: application/json", "X-A: 1", "X-A: 2")) as server,
        Egress(LOOPBACK) as egress,
    ):
        url = f"http://127.0.0.1:{server.port}/a%2Fb/c;d?x=%2C+%3B#gone"
        response = await egress.send(HttpRequest("POST", url, {"Authorization": "Bearer t"}, b"body"))
    assert (response.status, response.body) == (200, b'{"ok":true}')
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-a"] == "1, 2"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert head.startswith(b"POST /a%2Fb/c;d?x=%2C+%3B HTTP/1.1\r\n")
    assert f"host: 127.0.0.1:{server.port}" in lines
    assert "authorization: bearer t" in lines
    assert "accept-encoding: gzip, deflate" in lines
    assert "user-agent: toolgate" in lines
    assert not any(line.startswith(("cookie", "content-type")) for line in lines)
    assert body == b"body"


async def test_connections_are_kept_and_shared_by_concurrent_callers() -> None:
    async with answering(answer()) as server, Egress(LOOPBACK) as egress:
        for _ in range(5):
            await egress.send(get(server))
        assert server.connections == 1
        await asyncio.gather(*(egress.send(get(server)) for _ in range(50)))
        assert server.connections <= 50


async def test_a_redirect_is_an_answer() -> None:
    async with (
        answering(answer(b"", "Location: http://127.0.0.1:1/", status="302 Found")) as server,
        Egress(LOOPBACK) as egress,
    ):
        response = await egress.send(get(server))
    assert (response.status, response.headers["location"]) == (302, "http://127.0.0.1:1/")
    assert len(server.requests) == 1


async def test_cookies_are_not_kept() -> None:
    async with answering(answer(b"", "Set-Cookie: a=b; Path=/")) as server, Egress(LOOPBACK) as egress:
        await egress.send(get(server))
        await egress.send(get(server))
    assert b"cookie" not in server.requests[1].lower()


async def test_no_proxy_and_no_password_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"default login me password {CANARY}")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with answering(answer()) as server, Egress(LOOPBACK) as egress:
        await egress.send(get(server))
        async with egress.httpx_client() as client:
            await client.get(f"http://127.0.0.1:{server.port}/")
    assert len(server.requests) == 2
    assert all(b"authorization" not in request.lower() for request in server.requests)


async def test_a_name_leads_to_the_address_that_was_checked_and_keeps_its_name() -> None:
    policy = EgressPolicy(allowed_hosts=("127.0.0.0/8",))
    async with answering(answer()) as server, Egress(policy, resolve=resolving(["127.0.0.1"])) as egress:
        await egress.send(HttpRequest("GET", f"http://api.example:{server.port}/"))
    assert f"host: api.example:{server.port}".encode() in server.requests[0].lower()


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["0.0.0.0"],
    ],
)
async def test_a_name_with_any_address_that_is_not_public_is_refused(addresses: list[str]) -> None:
    async with Egress(EgressPolicy(), resolve=resolving(addresses)) as egress:
        with pytest.raises(HttpRefused) as caught:
            await egress.send(HttpRequest("GET", f"https://api.example/{CANARY}?{CANARY}"))
    assert "api.example" in caught.value.message
    assert not any(address in caught.value.message for address in addresses)


async def test_localhost_is_refused_by_the_machines_own_resolver() -> None:
    async with Egress(EgressPolicy()) as egress:
        with pytest.raises(HttpRefused):
            await egress.send(HttpRequest("GET", "https://localhost/"))


async def test_a_name_that_changes_its_address_gets_no_second_chance() -> None:
    """Rebinding: the first look-up is the one that is connected to, and a new connection is judged anew."""
    policy = EgressPolicy(allowed_hosts=("127.0.0.1",))
    closing = answer(b"ok", "connection: close")
    async with answering(closing) as server, Egress(policy, resolve=resolving(["127.0.0.1"], ["127.0.0.2"])) as egress:
        request = HttpRequest("GET", f"http://api.example:{server.port}/")
        assert (await egress.send(request)).status == 200
        async with egress.httpx_client() as client:
            # Another transport, another look-up.
            with pytest.raises(Exception, match="not public"):
                await client.get(request.url)
    assert server.connections == 1


async def test_one_answer_of_the_resolver_serves_check_and_connection() -> None:
    lookups = 0

    async def resolve(host: str, port: int) -> Sequence[str]:
        nonlocal lookups
        lookups += 1
        return ["127.0.0.1"] if lookups == 1 else ["127.0.0.2"]

    async with answering(answer()) as server, Egress(LOOPBACK, resolve=resolve) as egress:
        await egress.send(HttpRequest("GET", f"http://api.example:{server.port}/"))
    assert lookups == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"])
async def test_no_spelling_of_loopback_is_connected_to(host: str) -> None:
    async with answering(answer()) as server, Egress(EgressPolicy()) as egress:
        for url in (f"https://{host}/", f"https://{host}:{server.port}/", f"http://{host}:{server.port}/"):
            with pytest.raises(HttpRefused):
                await egress.send(HttpRequest("GET", url))
    assert server.connections == 0


async def test_a_header_that_would_split_the_request_is_refused_before_anything_is_sent() -> None:
    async with answering(answer()) as server, Egress(LOOPBACK) as egress:
        for headers in ({"X-A": "a\r\nX-B: c"}, {"X\r\nA": "a"}, {"Content-Length": "3"}):
            with pytest.raises(HttpRefused):
                await egress.send(HttpRequest("GET", f"http://127.0.0.1:{server.port}/", headers))
    assert server.connections == 0


@pytest.mark.parametrize("method", ["", "get", "GET /x HTTP/1.1\r\n", "CONNECT", "TRACE", "GE T"])
async def test_a_method_that_is_none_is_refused(method: str) -> None:
    async with answering(answer()) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(HttpRefused):
            await egress.send(HttpRequest(method, f"http://127.0.0.1:{server.port}/"))
    assert server.connections == 0


async def test_a_compressed_answer_comes_back_as_it_was() -> None:
    packed = answer(gzip.compress(b"hello"), "Content-Encoding: gzip")
    async with answering(packed) as server, Egress(LOOPBACK) as egress:
        response = await egress.send(get(server))
    assert response.body == b"hello"
    assert "content-encoding" not in response.headers
    assert "content-length" not in response.headers


async def test_a_bomb_is_refused() -> None:
    bomb = answer(gzip.compress(b"0" * 30_000_000), "Content-Encoding: gzip")
    async with answering(bomb) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(HttpTooLarge):
            await egress.send(get(server))


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_an_answer_over_its_limit_ends_there(is_chunked: bool) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        writer.write(b"transfer-encoding: chunked\r\n\r\n" if is_chunked else b"content-length: 999999999\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n" if is_chunked else b"x" * 0x1000)
            await writer.drain()

    async with loopback(endless) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(HttpTooLarge):
            await egress.send(get(server, max_response_bytes=100_000))
        await asyncio.wait_for(server.hung_up.wait(), 2)


async def test_an_answer_of_exactly_the_limit_is_read_and_one_more_byte_is_not() -> None:
    async with answering(answer(b"x" * 1000)) as server, Egress(LOOPBACK) as egress:
        assert len((await egress.send(get(server, max_response_bytes=1000))).body) == 1000
        with pytest.raises(HttpTooLarge):
            await egress.send(get(server, max_response_bytes=999))


async def test_an_answer_that_drips_ends_with_the_total_time() -> None:
    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with loopback(dripping) as server, Egress(LOOPBACK) as egress:
        started = time.monotonic()
        with pytest.raises(HttpTimedOut):
            await egress.send(get(server, timeout_seconds=0.3))
        assert time.monotonic() - started < 2
        await asyncio.wait_for(server.hung_up.wait(), 2)


async def test_a_caller_who_leaves_closes_the_connection() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        asked.set()
        await reader.read()

    asked = asyncio.Event()
    async with loopback(silent) as server, Egress(LOOPBACK) as egress:
        call = asyncio.create_task(egress.send(get(server)))
        await asyncio.wait_for(asked.wait(), 2)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(server.hung_up.wait(), 2)


async def test_a_slow_provider_leaves_room_for_the_others() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with loopback(silent) as slow, answering(answer()) as quick, Egress(LOOPBACK) as egress:
        calls = [asyncio.create_task(egress.send(get(slow))) for _ in range(150)]
        try:
            response = await asyncio.wait_for(egress.send(get(quick)), 5)
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
    assert response.status == 200
    assert slow.connections <= 100


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 20_000 + b"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"content-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx",
        b"\x16\x03\x01\x02\x00",
    ],
)
async def test_an_answer_that_is_no_proper_http_is_broken(said: bytes) -> None:
    async def garbled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(said)

    async with loopback(garbled) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(HttpBroken):
            await egress.send(get(server, timeout_seconds=5))


async def test_header_bytes_that_are_no_text_become_text() -> None:
    async with answering(answer(b"ok", "X-A: \xff")) as server, Egress(LOOPBACK) as egress:
        assert (await egress.send(get(server))).headers["x-a"].encode()


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\ncontent-encoding: gzip\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-encoding: gzip\r\n\r\n"),
    ],
)
async def test_an_answer_without_a_body_is_read_at_once(method: str, said: bytes) -> None:
    async with answering(said) as server, Egress(LOOPBACK) as egress:
        request = HttpRequest(method, f"http://127.0.0.1:{server.port}/", timeout_seconds=5)
        assert (await egress.send(request)).body == b""


async def test_a_large_body_is_sent_whole() -> None:
    async with answering(answer()) as server, Egress(LOOPBACK) as egress:
        body = b"x" * 3_000_000
        await egress.send(HttpRequest("POST", f"http://127.0.0.1:{server.port}/", body=body))
    assert server.requests[0].endswith(body)


async def test_nobody_listening_and_no_such_name_are_unreachable() -> None:
    async with answering(answer()) as server:
        pass

    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError(CANARY)

    async with Egress(LOOPBACK) as egress:
        with pytest.raises(HttpUnreachable, match="refused"):
            await egress.send(get(server))
    async with Egress(EgressPolicy(), resolve=unknown) as egress:
        with pytest.raises(HttpUnreachable, match=r"api\.example"):
            await egress.send(HttpRequest("GET", "https://api.example/"))


async def test_no_failure_shows_path_query_header_or_body() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def send(port: int, *, path: str = f"/{CANARY}?token={CANARY}", limit: int = 1000) -> HttpError:
        request = HttpRequest(
            "POST",
            f"http://127.0.0.1:{port}{path}",
            {"Authorization": f"Bearer {CANARY}"},
            CANARY.encode(),
            timeout_seconds=0.3,
            max_response_bytes=limit,
        )
        with pytest.raises(HttpError) as caught:
            await egress.send(request)
        return caught.value

    async with (
        Egress(LOOPBACK) as egress,
        loopback(hang_up) as rude,
        loopback(silent) as slow,
        answering(answer()) as ok,
    ):
        failures = [
            await send(rude.port),
            await send(slow.port),
            await send(1),
            await send(ok.port, limit=1),
            await send(ok.port, path=f"/{CANARY}/../{CANARY}"),
        ]
    kinds = [type(failure) for failure in failures]
    assert kinds == [HttpBroken, HttpTimedOut, HttpUnreachable, HttpTooLarge, HttpRefused]
    for failure in failures:
        chain: BaseException | None = failure
        while chain is not None:
            assert CANARY not in repr(chain)
            assert CANARY not in str(chain)
            chain = chain.__cause__ or chain.__context__


def authority(tmp_path: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's TLS context around a certificate for `names` that only this client trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    encoded_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(encoded_key + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())


async def test_tls_asks_for_the_name_and_checks_it(tmp_path: Path) -> None:
    server_tls, client_tls = authority(tmp_path, "api.example")
    asked_for: list[str | None] = []
    server_tls.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    policy = EgressPolicy(allowed_hosts=("127.0.0.1",))
    async with (
        answering(answer(), tls=server_tls) as server,
        Egress(policy, resolve=resolving(["127.0.0.1"]), tls=client_tls) as egress,
    ):
        await egress.send(HttpRequest("GET", f"https://api.example:{server.port}/"))
        async with egress.httpx_client() as client:
            assert (await client.get(f"https://api.example:{server.port}/")).text == "ok"
        with pytest.raises(HttpUnreachable, match=r"certificate of other\.example"):
            await egress.send(HttpRequest("GET", f"https://other.example:{server.port}/"))
    assert asked_for[:2] == ["api.example", "api.example"]


async def test_a_proxy_gets_the_name_and_a_tunnel(tmp_path: Path) -> None:
    server_tls, client_tls = authority(tmp_path, "api.example")
    tunnels: list[bytes] = []

    async def connect_proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnels.append(await read_request(reader))
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(pump(reader, upstream_writer), pump(upstream_reader, writer))
        finally:
            upstream_writer.close()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while piece := await source.read(65_536):
            sink.write(piece)
        sink.close()

    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise AssertionError(f"{host} was resolved here")

    async with answering(answer(), tls=server_tls) as server, loopback(connect_proxy) as proxy:
        policy = EgressPolicy(proxy=f"http://me:pw@127.0.0.1:{proxy.port}")
        async with Egress(policy, resolve=nowhere, tls=client_tls) as egress:
            assert (await egress.send(HttpRequest("GET", "https://api.example/x"))).body == b"ok"
            async with egress.httpx_client() as client:
                assert (await client.get("https://api.example/y")).text == "ok"
            for url in (
                "https://127.0.0.1/",
                "https://[::1]/",
                "http://api.example/",
                f"http://127.0.0.1:{proxy.port}/",
            ):
                with pytest.raises(HttpRefused):
                    await egress.send(HttpRequest("GET", url))
    assert len(tunnels) == 2
    for tunnel in tunnels:
        assert tunnel.startswith(b"CONNECT api.example:443 HTTP/1.1\r\n")
        assert b"proxy-authorization: basic bwu6chc=" in tunnel.lower()
    assert [request.split()[1] for request in server.requests] == [b"/x", b"/y"]
    assert all(b"proxy" not in request.lower() for request in server.requests)


async def test_a_proxy_that_refuses_makes_the_host_unreachable() -> None:
    async with (
        answering(answer(CANARY.encode(), status="403 Forbidden")) as proxy,
        Egress(EgressPolicy(proxy=f"http://127.0.0.1:{proxy.port}")) as egress,
    ):
        with pytest.raises(HttpUnreachable, match="proxy"):
            await egress.send(HttpRequest("GET", "https://api.example/x"))
